import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import adjusted_rand_score

from spectralnet.clusters.kmeans import Assignment
from spectralnet.clusters.scores import accuracy
from spectralnet.errors import TrainingError
from spectralnet.graph.affinity import GraphParams, affinity_graph
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.membership import outliers, part, stability
from spectralnet.membership.outliers import remoteness
from spectralnet.membership.stability import (
    centroid_repeats,
    extended_clusters,
    extended_eigenvectors,
    fit_membership,
    halves,
    spectral_repeats,
)
from spectralnet.spectral.exact import exact_eigenvectors


@pytest.fixture
def graph():
    """Of two blobs, a few standard deviations apart."""
    labels = np.arange(200) % 2
    x = np.random.default_rng(0).normal(size=(200, 2)) + 4 * labels[:, None]
    return affinity_graph(nearest_neighbours(x.astype(np.float32), 20), GraphParams())


def test_halves_are_all_points_once():
    found = list(halves(11, 0))
    assert len(found) == 6
    for one, other in zip(found[::2], found[1::2], strict=True):
        np.testing.assert_array_equal(np.sort(np.concatenate([one, other])), np.arange(11))


def test_a_half_has_its_own_eigenvectors_and_the_others_those_of_their_neighbours(graph):
    half = next(halves(200, 0))
    vectors, values, reached = extended_eigenvectors(graph, half, 3, True, 0)
    own, exact = exact_eigenvectors(csr_array(graph[half][:, half]), 3, True, 0)
    np.testing.assert_allclose(values, exact, atol=1e-10)
    np.testing.assert_allclose(vectors[half], own)
    assert reached.all()
    at = np.setdiff1d(np.arange(200), half)[0]
    weights = graph.toarray()[at, half]
    np.testing.assert_allclose(vectors[at], weights @ own / weights.sum() / (1 - exact))


@pytest.mark.parametrize("normalised", [True, False])
def test_a_twin_of_a_point_is_where_the_point_is(graph, normalised):
    """Which has its edges, and so has to solve the same row of the eigenvectors' equation."""
    own = graph.toarray()
    whole = np.block([[own, own], [own, np.zeros_like(own)]])
    half = np.arange(200)
    vectors, values, reached = extended_eigenvectors(csr_array(whole), half, 3, normalised, 0)
    assert reached.all()
    inside = values / (1 if normalised else own.sum(axis=1)[:, None]) < 0.9  # else it is cut
    assert inside.mean() > 0.9
    np.testing.assert_allclose(
        np.where(inside, vectors[200:], 0), np.where(inside, vectors[:200], 0), atol=1e-8
    )


def test_clusters_of_a_half_are_those_without_what_it_does_not_reach(graph):
    weights = graph.toarray()
    pairs = np.zeros((212, 212))
    pairs[:200, :200] = weights
    for i in range(200, 212, 2):
        pairs[i, i + 1] = pairs[i + 1, i] = 1
    found = extended_eigenvectors(csr_array(pairs), np.arange(212), 3, True, 0)
    clusters = extended_clusters(found, np.arange(212), 2, 0, least=2)
    plain = extended_eigenvectors(graph, np.arange(200), 3, True, 0)
    expected = extended_clusters(plain, np.arange(200), 2, 0, least=2)
    assert adjusted_rand_score(expected, clusters[:200]) == 1
    assert (clusters[200:] == -1).all()
    assert accuracy(np.arange(200) % 2, expected) > 0.95


@pytest.mark.parametrize("rows", [slice(None), np.arange(0, 90, 2)])
def test_points_are_compared_with_references_once(rows, monkeypatch):
    points = np.random.default_rng(0).normal(size=(90, 2)).astype(np.float32)
    points[::2] += 9
    centroids, compared = np.array([[9, 9], [0, 0]]), []

    def counted(x, references):
        compared.append(len(x))
        return remoteness(x, references)

    monkeypatch.setattr(stability, "remoteness", counted)
    monkeypatch.setattr(part, "remoteness", counted)
    assigned = Assignment(np.arange(90) % 2, None, None)
    repeat = centroid_repeats(points[rows], 2)
    membership, found = fit_membership(assigned, points, centroids, points, repeat, 5, 0, rows)
    assert sum(compared) == (90 if isinstance(rows, slice) else 45 + 90)
    np.testing.assert_array_equal(found.outlier_scores, membership.outlier_scores(points))


def test_a_small_dense_cluster_is_no_noise(monkeypatch):
    monkeypatch.setattr(outliers, "MOST", 150)
    clusters, random = np.repeat([0, 1], [2000, 30]), np.random.default_rng(0)
    points = random.normal(size=(2030, 2)).astype(np.float32)
    points[2000:] = [12, 0] + 0.2 * points[2000:]
    centroids, repeat = np.array([[0, 0], [12, 0]]), centroid_repeats(points, 2)
    assigned = Assignment(clusters, None, None)
    membership, found = fit_membership(assigned, points, centroids, points, repeat, 10, 0)
    marked = membership.mark_noise(found, "auto").clusters
    assert (marked[2000:] == 1).all()
    assert (marked[:2000] == 0).mean() > 0.99
    assert found.probabilities[2000:, 1].min() > 0.99
    far = np.array([[30, 0]], dtype=np.float32)
    assert membership.outlier_scores(far) > part.FAR_OUT


def test_a_half_without_a_rare_row_says_nothing():
    codes = np.eye(4, dtype=np.float32)[np.repeat([0, 1, 2, 3], [40, 40, 40, 1])]
    repeat = centroid_repeats(codes, 4)
    assert (repeat(np.arange(120), 0) == -1).all()
    assert adjusted_rand_score(codes.argmax(axis=1), repeat(np.arange(121), 0)) == 1


def test_a_small_piece_has_no_eigenvector_of_its_own(graph):
    weights = graph.toarray()
    pair = np.zeros((202, 202))
    pair[:200, :200], pair[200, 201], pair[201, 200] = weights, 1, 1
    _, values, reached = extended_eigenvectors(csr_array(pair), np.arange(202), 2, True, 0)
    np.testing.assert_allclose(values, exact_eigenvectors(graph, 2, True, 0)[1], atol=1e-10)
    assert reached.sum() == 200


def test_a_half_without_edges_says_nothing():
    alone = csr_array((np.ones(4), ([0, 1, 2, 3], [1, 0, 3, 2])), shape=(20, 20))
    with pytest.raises(TrainingError, match="too few points"):
        extended_eigenvectors(alone, np.arange(10), 2, True, 0)
    repeat = spectral_repeats(alone, 2, 2, True)
    np.testing.assert_array_equal(repeat(np.arange(10), 0), np.full(20, -1))
