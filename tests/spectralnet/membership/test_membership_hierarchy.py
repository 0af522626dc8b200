import numpy as np
import pytest
from models import random_hierarchy, random_model
from scipy.cluster.hierarchy import fcluster, is_monotonic, is_valid_linkage
from scipy.sparse import csr_array
from sklearn.metrics import adjusted_rand_score

from spectralnet.errors import DataError, ParameterError
from spectralnet.membership.hierarchy import (
    Hierarchy,
    fit_hierarchy,
    join_groups,
    split_clusters,
)
from spectralnet.methods.model import ClusterModel


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


def test_clusters_are_cut_where_their_groups_are_less_tied_than_they():
    """Groups 0 and 1 are one cluster that the graph hardly ties, or not at all."""
    parents = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    for within, between in ((0.02, 0.4), (0, 0)):
        weights = np.full((8, 8), between / 40)
        weights[2:4, 4:], weights[4:, 2:4] = between / 4, between / 4
        weights[4:6, 6:], weights[6:, 4:6] = between, between
        for i, j in ((0, 1), (2, 3), (4, 5), (6, 7)):
            weights[[i, j], [j, i]] = 0.8 if i else within
        graph, labels = blocks([10] * 8, 1, weights)
        found = Hierarchy(join_groups(graph, labels, parents), np.zeros((8, 1)), parents, labels)
        np.testing.assert_array_equal(found.cut(4), parents)
        for k in range(1, 9):
            theirs = fcluster(found.linkage, k, "maxclust")  # which goes by heights alone
            assert adjusted_rand_score(found.cut(k), theirs) == 1
        even = found._replace(linkage=np.maximum(found.linkage, [0, 0, 2, 0]))
        np.testing.assert_array_equal(even.cut(4), parents)


@pytest.mark.parametrize("seed", range(20))
def test_joins_are_those_of_all_pairs_compared_each_time(seed):
    """With many equal weights and pieces that are no edge apart."""
    random = np.random.default_rng(seed)
    m = int(random.integers(2, 16))
    weights = (random.uniform(size=(3 * m, 3 * m)) < 0.1) * random.integers(1, 3, (3 * m, 3 * m))
    graph, labels = csr_array(weights + weights.T).astype(float), np.arange(3 * m) % m
    parents = random.integers(0, 3, m)
    groups = {i: [i] for i in range(m)}
    for step, row in enumerate(join_groups(graph, labels, parents)):

        def tie(one, other):
            inside, outside = (np.isin(labels, groups[group]) for group in (one, other))
            weight = graph.toarray()
            chance = weight[inside].sum() * weight[outside].sum()
            return weight[inside][:, outside].sum() * weight.sum() / chance if chance else 0

        pairs = [(one, other) for one in groups for other in groups if one < other]
        same = [pair for pair in pairs if len({parents[groups[group][0]] for group in pair}) == 1]
        best = max(tie(*pair) for pair in same or pairs)
        pair = (int(row[0]), int(row[1]))
        assert pair in (same or pairs)
        assert tie(*pair) == pytest.approx(best)
        assert row[2] >= 1 / (1 + best) - 1e-12
        groups[m + step] = groups.pop(pair[0]) + groups.pop(pair[1])
        assert row[3] == len(groups[m + step])


def test_a_cluster_that_is_not_split_is_its_points_mean():
    random = np.random.default_rng(0)
    places, clusters = random.normal(size=(66, 2)), np.repeat([0, 1, 2], [60, 3, 3])
    labels, centroids, parents = split_clusters(places, clusters, 11, 0)
    np.testing.assert_array_equal(np.bincount(parents), [10, 1, 1])
    for group in range(12):
        np.testing.assert_allclose(centroids[group], places[labels == group].mean(0), rtol=1e-5)


def test_one_group_is_one_cluster():
    single = Hierarchy(np.empty((0, 4)), np.zeros((1, 2)), np.zeros(1, int), np.zeros(9, int))
    np.testing.assert_array_equal(single.cut(1), [0])
    for n_clusters in (0, 2):
        with pytest.raises(ParameterError, match=f"n_clusters = {n_clusters}: .* gives 1 to 1 "):
            single.cut(n_clusters)


def test_a_point_is_in_the_nearest_group_of_its_cluster():
    tree, random = random_hierarchy(), np.random.default_rng(1)
    places, clusters = random.normal(size=(50, 2)), random.integers(-1, 3, 50)
    distance = np.linalg.norm(places[:, None] - tree.groups, axis=2)
    inside = tree.parents == clusters[:, None]
    expected = np.where(clusters < 0, -1, np.where(inside, distance, np.inf).argmin(axis=1))
    np.testing.assert_array_equal(tree.groups_of(places, clusters), expected)
    joined = np.array([4, 3, 2, 1, 0, 5])
    cut = [-1 if group < 0 else joined[group] for group in expected]
    np.testing.assert_array_equal(tree.clusters_of(joined, places, clusters), cut)
    without = tree._replace(parents=tree.parents % 2)  # no fitted point was in cluster 2
    there = clusters == 2
    found = without.groups_of(places, clusters)[there]
    np.testing.assert_array_equal(found, distance[there].argmin(axis=1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"linkage": np.zeros((4, 4))}, "does not join its groups"),
        ({"linkage": np.full((5, 4), 6.0)}, "does not join its groups"),
        ({"groups": np.full((6, 2), np.nan)}, "is not of its points"),
        ({"labels": np.array([6])}, "is not of its points"),
        ({"parents": np.arange(6)}, "is not of its clusters"),
        ({"groups": np.zeros((6, 3))}, "is not of its clusters"),
    ],
)
def test_files_bring_a_hierarchy_back_or_are_refused(tmp_path, changes, message):
    tree = random_hierarchy()
    random_model(4, hierarchy=tree).save(tmp_path / "good")
    for one, other in zip(ClusterModel.load(tmp_path / "good").hierarchy, tree, strict=True):
        np.testing.assert_array_equal(one, other)
    random_model(4, hierarchy=tree._replace(**changes)).save(tmp_path / "bad")
    with pytest.raises(DataError, match=message):
        ClusterModel.load(tmp_path / "bad")
