import tracemalloc

import numpy as np
import pytest
from scipy.sparse import csr_array

from spectralnet.clusters.selection import (
    eigenvector_weights,
    modularity,
    relative_gap,
    suggest_n_clusters,
)
from spectralnet.graph.affinity import affinity_graph
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.spectral.exact import exact_eigenvectors


def test_modularity_is_that_of_its_definition(blob_graph):
    """(1/2m) sum_ij (W_ij - d_i d_j / 2m), over the pairs of points in one cluster."""
    adjacency = blob_graph.toarray()
    clusters = np.random.default_rng(0).integers(0, 4, len(adjacency))
    degree = adjacency.sum(axis=1)
    expected = adjacency - np.outer(degree, degree) / degree.sum()
    expected = expected[clusters[:, None] == clusters].sum() / degree.sum()
    assert modularity(blob_graph, clusters) == pytest.approx(expected)
    assert modularity(blob_graph, clusters * 2) == pytest.approx(expected)  # empty clusters
    assert modularity(blob_graph, np.zeros(len(degree), dtype=int)) == pytest.approx(0)


def test_modularity_leaves_noise_out_with_its_edges(blob_graph):
    clusters = np.random.default_rng(0).integers(-1, 3, blob_graph.shape[0])
    kept = clusters >= 0
    expected = modularity(blob_graph[kept][:, kept], clusters[kept])
    assert modularity(blob_graph, clusters) == pytest.approx(expected)
    assert modularity(blob_graph, np.full(len(clusters), -1)) == 0


def test_modularity_of_many_clusters_takes_no_square_of_their_number():
    n = 5000
    ring = np.arange(n)
    graph = csr_array((np.ones(n, dtype=np.float32), (ring, np.roll(ring, 1))), shape=(n, n))
    tracemalloc.start()
    assert modularity(csr_array(graph + graph.T), ring) == pytest.approx(-1 / n)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < n**2


def test_gaps_are_parts_of_the_next_eigenvalue():
    values = np.array([-1e-17, 0.1, 0.4])
    assert [relative_gap(values, k) for k in (1, 2)] == pytest.approx([1, 0.75])
    assert relative_gap(np.zeros(3), 2) == 0


def test_behind_a_plain_gap_as_many_eigenvectors_as_clusters_count():
    plain = eigenvector_weights(np.array([0, 0.01, 0.02, 0.05, 0.06]), 3)
    np.testing.assert_array_equal(plain, [1, 1, 1])
    smooth = eigenvector_weights(np.array([0, 0.01, 0.03, 0.05, 0.06]), 3)
    np.testing.assert_allclose(smooth, [1, 5 / 6, 5 / 8, 1 / 2, 5 / 11])
    for few in (np.array([0, 0.01, 0.02]), np.array([0, 0.01])):
        np.testing.assert_array_equal(eigenvector_weights(few, 3), np.ones(len(few)))


def test_of_more_pieces_than_clusters_those_eigenvectors_count_that_tell_them_apart():
    """However their zeros are rounded."""
    weights = eigenvector_weights(np.array([-1e-16, 1e-17, 1e-16, 3e-16, 5e-16, 0.1]), 3)
    np.testing.assert_allclose(weights, [1, 1, 1, 1, 1, 0], atol=1e-6)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_as_many_clusters_are_suggested_as_there_are(k, graph_params):
    """Blobs between which some edges are left: the graph is connected."""
    generator = np.random.default_rng(k)
    centres = 4.5 * np.eye(k, 5)
    points = centres[np.repeat(np.arange(k), 200)] + generator.normal(0, 1, (200 * k, 5))
    params = graph_params.model_copy(update={"n_neighbours": 10})
    graph = affinity_graph(nearest_neighbours(points.astype(np.float32), 10), params)
    assert suggest_n_clusters(exact_eigenvectors(graph, 2 * k + 1)[1]) == k
