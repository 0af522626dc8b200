import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_info, threadpool_limits

from spectralnet.clusters.kmeans import (
    assign,
    fit_centroids,
    fit_spectral_centroids,
    nearest_centroid,
    spectral_clusters,
    unit_rows,
)
from spectralnet.errors import ParameterError
from spectralnet.graph.affinity import GraphParams, affinity_graph
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.spectral.exact import exact_eigenvectors


def test_centroids_are_the_means_of_their_clusters(blobs):
    centroids = fit_centroids(blobs, 3, seed=0)
    clusters = nearest_centroid(blobs, centroids)
    means = [blobs[clusters == i].mean(axis=0) for i in range(3)]
    np.testing.assert_allclose(centroids, means, atol=1e-3)
    np.testing.assert_array_equal(clusters, cdist(blobs, centroids).argmin(axis=1))


def test_the_same_seed_gives_the_same_centroids(blobs):
    np.testing.assert_array_equal(fit_centroids(blobs, 5, seed=1), fit_centroids(blobs, 5, seed=1))


def test_a_points_cluster_does_not_depend_on_the_others(blobs):
    centroids = fit_centroids(blobs, 3, seed=0)
    together = nearest_centroid(blobs, centroids)
    alone = [nearest_centroid(point[None], centroids)[0] for point in blobs]
    np.testing.assert_array_equal(together, alone)


def test_fewer_distinct_points_than_clusters_are_refused():
    with pytest.raises(ParameterError, match=r"n_clusters = 3, .* there are 2 distinct points"):
        fit_centroids(np.array([[0.0], [0.0], [1.0]]), 3, seed=0)


def test_rows_that_hardly_differ_are_clustered_in_silence():
    rows = np.array([[1e-30], [2e-30], [3e-30], [1]], dtype=np.float32)
    assert fit_centroids(rows, 3, seed=0).max() == 1


def test_points_as_far_off_as_tiny_degrees_put_them_keep_their_clusters(blob_graph):
    vectors, values = exact_eigenvectors(blob_graph, 8)
    found = fit_spectral_centroids(vectors, values, 3, seed=0)
    clusters = spectral_clusters(vectors, found)
    np.testing.assert_array_equal(spectral_clusters(vectors * 1e60, found), clusters)


def test_clusters_are_read_off_the_directions_of_weighted_eigenvectors(blob_graph):
    vectors, values = exact_eigenvectors(blob_graph, 8)
    found = fit_spectral_centroids(vectors, values, 3, seed=0)
    np.testing.assert_allclose(found.weights, 1 / (1 + values / values[3]), rtol=1e-5)
    weighted = vectors @ np.diag(1 / (1 + values / values[3]))
    directions = weighted / np.linalg.norm(weighted, axis=1, keepdims=True)
    expected = cdist(directions, found.centroids)
    assigned = assign(vectors.astype(np.float32), found)
    np.testing.assert_array_equal(assigned.clusters, expected.argmin(axis=1))
    np.testing.assert_allclose(assigned.distances, expected.min(axis=1), atol=1e-4)
    fewer = fit_spectral_centroids(vectors[:, :2], values[:2], 3, seed=0)
    assert fewer.centroids.shape == (3, 2)  # all there are


@pytest.mark.parametrize("sizes", [(1000, 100, 40), (400, 60, 20), (2000, 300)])
def test_behind_a_plain_gap_clusters_of_any_size_are_found(sizes):
    """The largest modularity would split the large one: it prefers equal sizes."""
    generator = np.random.default_rng(0)
    corners = np.array([[0, 0], [8, 0], [0, 8]])[: len(sizes)]
    labels = np.repeat(np.arange(len(sizes)), sizes)
    points = generator.normal(corners[labels], 1).astype(np.float32)
    graph = affinity_graph(nearest_neighbours(points, 20), GraphParams())
    vectors, values = exact_eigenvectors(graph, len(sizes) + 6)
    found = fit_spectral_centroids(vectors, values, len(sizes), seed=0)
    assert adjusted_rand_score(labels, spectral_clusters(vectors, found)) > 0.98


def test_the_clusters_of_a_dense_graph_are_seen_by_its_weights():
    """All pairs are edges: which of them lie inside clusters, their number does not tell."""
    generator = np.random.default_rng(1)
    labels = np.repeat(np.arange(5), (120, 90, 60, 45, 35))
    points = generator.normal(generator.normal(0, 4, (5, 4))[labels], 1)
    weights = np.exp(-cdist(points, points, "sqeuclidean") / 4)
    np.fill_diagonal(weights, 0)
    vectors, values = exact_eigenvectors(csr_array(weights), 11)
    found = fit_spectral_centroids(vectors, values, 5, seed=0)
    assert adjusted_rand_score(labels, spectral_clusters(vectors, found)) > 0.85


def test_unit_rows_keep_directions_only(blobs):
    rows = unit_rows(blobs)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(unit_rows(blobs * np.float32(7)), rows, rtol=1e-5)
    np.testing.assert_array_equal(unit_rows(np.zeros((1, 3), dtype=np.float32)), np.zeros((1, 3)))


def test_one_thread_stays_one(blobs, monkeypatch):
    """A second one hangs in a process that was forked."""
    seen = []

    class Spy(KMeans):
        def fit(self, x):
            threads = [lib["num_threads"] for lib in threadpool_info()]
            seen.append(max(threads))
            return super().fit(x)

    monkeypatch.setattr("spectralnet.clusters.kmeans.KMeans", Spy)
    with threadpool_limits(limits=1):
        fit_centroids(blobs, 3, seed=0)
    assert seen == [1]


def test_the_best_of_ten_starts_is_kept():
    """On 30 blobs one start most often ends in a worse optimum."""
    centres = np.random.default_rng(0).uniform(0, 100, (30, 2))
    points = np.repeat(centres, 20, axis=0) + np.random.default_rng(1).normal(size=(600, 2))
    centroids = fit_centroids(points, 30, seed=0)
    inertia = np.sum(cdist(points, centroids).min(axis=1) ** 2)
    starts = [KMeans(30, n_init=n, random_state=0).fit(points).inertia_ for n in (1, 10)]
    assert inertia == pytest.approx(starts[1], rel=1e-4)
    assert inertia < 0.999 * starts[0]


def test_centroids_of_many_points_are_those_of_a_sample(monkeypatch):
    places = 9 * np.eye(3, dtype=np.float32)
    labels = np.repeat(np.arange(3), [6000, 3000, 1000])
    x = places[labels] + np.random.default_rng(0).normal(size=(10_000, 3)).astype(np.float32)
    monkeypatch.setattr("spectralnet.clusters.kmeans.FITTED", 2000)
    centroids = fit_centroids(x, 3, seed=0)
    centroids = centroids[centroids.argmax(axis=1).argsort()]
    np.testing.assert_allclose(centroids, places, atol=4 / np.sqrt(200))  # deviations of the mean
    assert not np.allclose(centroids, [x[labels == i].mean(axis=0) for i in range(3)], atol=1e-3)


def test_points_are_assigned_alike_in_blocks(blobs, monkeypatch):
    found = fit_spectral_centroids(blobs, np.array([0, 0.1, 0.2, 0.3]), 3, seed=0)
    whole = assign(blobs, found)
    monkeypatch.setattr("spectralnet.clusters.kmeans.ROWS_AT_ONCE", 7)
    for told, expected in zip(assign(blobs, found)[:2], whole[:2], strict=True):
        np.testing.assert_allclose(told, expected, rtol=1e-6)
