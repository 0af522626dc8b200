import numpy as np
from scipy.cluster.hierarchy import is_monotonic, is_valid_linkage
from scipy.sparse import csr_array
from sklearn.metrics import adjusted_rand_score

from spectralnet.membership.hierarchy import Hierarchy, fit_hierarchy, join_groups


def blocks(sizes, near, between, seed=0):
    """A graph of blocks: each weighs `near` inside, and what `between` says to the others."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    weights = np.where(labels[:, None] == labels, near, between[labels][:, labels])
    weights = weights * np.random.default_rng(seed).uniform(0.5, 1.5, weights.shape)
    weights = (weights + weights.T) / 2
    np.fill_diagonal(weights, 0)
    return csr_array(weights), labels


def test_groups_are_joined_in_the_order_of_their_ties():
    between = np.array([[0, 4, 1, 1], [4, 0, 1, 1], [1, 1, 0, 2], [1, 1, 2, 0]]) / 10
    graph, labels = blocks([20, 20, 20, 20], 1, between)
    linkage = join_groups(graph, labels, np.array([0, 0, 0, 0]))
    assert is_valid_linkage(linkage)
    assert is_monotonic(linkage)
    np.testing.assert_array_equal(linkage[:, :2], [[0, 1], [2, 3], [4, 5]])
    weight = graph.toarray()
    one, two = labels < 2, labels >= 2
    tie = weight[one][:, two].sum() * weight.sum() / weight[one].sum() / weight[two].sum()
    np.testing.assert_allclose(linkage[2, 2], 1 / (1 + tie))


def test_a_cut_at_the_clusters_gives_them_and_all_are_nested():
    graph, labels = blocks([40, 40, 40], 1, np.full((3, 3), 0.05))
    places = np.eye(3)[labels] + np.random.default_rng(0).normal(0, 0.1, (120, 3))
    found = fit_hierarchy(graph, places, labels, 0)
    groups = len(found.parents)
    assert adjusted_rand_score(labels, found.cut(3)[found.labels]) == 1
    for k in range(2, groups + 1):
        finer, coarser = found.cut(k)[found.labels], found.cut(k - 1)[found.labels]
        assert len(set(finer)) == k
        assert len(set(zip(finer, coarser, strict=True))) == k


def test_one_group_is_one_cluster():
    single = Hierarchy(np.empty((0, 4)), np.zeros((1, 2)), np.zeros(1, int), np.zeros(9, int))
    np.testing.assert_array_equal(single.cut(1), [0])
