import numpy as np
import pytest
from scipy.sparse import block_diag, csr_array, random_array
from scipy.sparse.csgraph import connected_components

from spectralnet.graph import affinity
from spectralnet.graph.affinity import directed_affinity
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.graph.symmetry import component_sizes, symmetrised


@pytest.mark.parametrize("entries", [1, 37, 10**6])
def test_blocks_of_rows_make_scipys_mean_with_the_transpose(
    blobs, graph_params, monkeypatch, entries
):
    monkeypatch.setattr("spectralnet.matrices.ENTRIES_AT_ONCE", entries)
    directed = directed_affinity(nearest_neighbours(blobs, 6), graph_params)
    graph, expected = symmetrised(directed), csr_array((directed + directed.T) / 2)
    expected.sort_indices()
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(graph, name), getattr(expected, name))
    assert graph.dtype == np.float64


def test_components_are_scipys(blob_graph):
    sparse = random_array((300, 300), density=0.002, rng=np.random.default_rng(0))
    graph = csr_array(block_diag([blob_graph, sparse + sparse.T]))
    _, component = connected_components(graph, directed=False)
    np.testing.assert_array_equal(np.sort(component_sizes(graph)), np.sort(np.bincount(component)))


def test_many_edges_weigh_the_same_in_single_precision(blobs, graph_params, monkeypatch):
    neighbours = nearest_neighbours(blobs, 6)
    precise = symmetrised(directed_affinity(neighbours, graph_params))
    monkeypatch.setattr(affinity, "PRECISE_EDGES", 100)
    monkeypatch.setattr(affinity, "POINTS_AT_ONCE", 50)
    graph = symmetrised(directed_affinity(neighbours, graph_params))
    assert (graph.dtype, graph.indices.dtype) == (np.float32, np.int32)
    np.testing.assert_allclose(graph.toarray(), precise.toarray(), rtol=1e-6)
