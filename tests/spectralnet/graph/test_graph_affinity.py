import numpy as np
import pytest
from scipy.sparse import csr_array, save_npz

from spectralnet.data.given_graph import check_graph, read_graph
from spectralnet.errors import DataError
from spectralnet.graph.affinity import (
    affinity_graph,
    degrees,
    describe_graph,
    neighbour_scales,
)
from spectralnet.graph.duplicates import describe_neighbours, nearest_distinct
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.graph.overlap import neighbour_overlap


@pytest.mark.parametrize("scale", ["local", "global"])
@pytest.mark.parametrize("overlap", [0, 1, 2.5])
def test_weights_equal_a_dense_reference(blobs, graph_params, scale, overlap):
    k, n = 6, len(blobs)
    distance = np.linalg.norm(blobs[:, None].astype(float) - blobs[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    ranked = np.sort(distance, axis=1)
    sigma = ranked[:, graph_params.scale_neighbour - 1]
    if scale == "global":
        sigma = np.full_like(sigma, np.median(sigma))
    near = distance <= ranked[:, k - 1 : k]
    neighbourhoods = [set(np.flatnonzero(row)) | {i} for i, row in enumerate(near)]
    jaccard = np.array([[len(a & b) / len(a | b) for b in neighbourhoods] for a in neighbourhoods])
    dense = near * np.exp(-(distance**2) / (2 * sigma[:, None] ** 2)) * jaccard**overlap
    params = graph_params.model_copy(update={"scale": scale, "overlap": overlap})
    graph = affinity_graph(nearest_neighbours(blobs, k), params)
    np.testing.assert_allclose(graph.toarray(), (dense + dense.T) / 2, atol=1e-6)
    np.testing.assert_allclose(degrees(graph), graph.toarray().sum(axis=1))
    assert graph.shape == (n, n)


def test_overlap_of_worked_out_neighbourhoods(monkeypatch):
    indices = np.array([[1, 2], [0, 2], [0, 1], [2, 1]], dtype=np.int32)
    expected = [[1, 1], [1, 1], [1, 1], [0.5, 0.5]]  # {3, 2, 1} and {0, 1, 2} share two of four
    np.testing.assert_allclose(neighbour_overlap(indices), expected)
    monkeypatch.setattr("spectralnet.graph.overlap.ROWS_AT_ONCE", 1)  # a point at a time
    np.testing.assert_allclose(neighbour_overlap(indices), expected)


def test_memory_grows_with_neighbours_not_with_points_squared(blobs, graph_params):
    graph = affinity_graph(nearest_neighbours(blobs, 5), graph_params)
    assert graph.nnz <= 2 * 5 * len(blobs)
    assert graph.diagonal().sum() == 0


def test_duplicates_keep_finite_weights_and_are_counted(blobs, graph_params):
    params = graph_params.model_copy(update={"scale_neighbour": 1})
    points = np.concatenate([blobs, np.repeat(blobs[:1], 20, axis=0)])
    neighbours = nearest_neighbours(points, 5)
    graph = affinity_graph(neighbours, params)
    assert np.isfinite(graph.data).all()
    assert (degrees(graph) > 0).all()
    found = nearest_distinct(points, 5, "auto", 0)
    assert describe_neighbours(*found)["duplicates"] == 21


def test_a_width_is_never_zero():
    same = np.zeros((4, 2), dtype=np.float32)
    np.testing.assert_array_equal(neighbour_scales(same, "local", 1), np.ones(4))
    mixed = np.array([[0, 0], [0, 3], [2, 4]], dtype=np.float32)
    np.testing.assert_array_equal(neighbour_scales(mixed, "local", 1), [2, 2, 2])


def test_components_are_counted(graph_params):
    points = np.concatenate([np.zeros((30, 2)), np.full((10, 2), 100.0)]).astype(np.float32)
    points += np.random.default_rng(0).normal(size=points.shape).astype(np.float32)
    neighbours = nearest_neighbours(points, 8)
    about = describe_graph(affinity_graph(neighbours, graph_params))
    assert (about["components"], about["smallest_component"]) == (2, 10)


def test_far_neighbours_keep_their_edges(graph_params):
    """A pair of near points far from the rest: their other weights underflow."""
    line = np.concatenate([np.arange(10), [1e4, 1e4 + 1e-3]]).astype(np.float32)[:, None]
    neighbours = nearest_neighbours(line, 3)
    params = graph_params.model_copy(update={"scale_neighbour": 1, "overlap": 0})
    about = describe_graph(affinity_graph(neighbours, params))
    assert about["components"] == 1


def given(changes=()):
    """A ring of five points, with some entries changed."""
    ring = np.zeros((5, 5))
    for i in range(5):
        ring[i, (i + 1) % 5] = ring[(i + 1) % 5, i] = 1
    for row, column, value in changes:
        ring[row, column] = value
    return csr_array(ring)


def test_a_given_graph_loses_its_diagonal_only():
    np.testing.assert_array_equal(
        check_graph(given([(2, 2, 9.0)]), 5, "own").toarray(), given().toarray()
    )


def test_a_given_graph_is_symmetric_to_the_bit():
    changes = [(0, 1, 1 + 5e-7), (0, 2, 4e-7)]  # which is an edge one way alone
    found = check_graph(given(changes), 5, "own").toarray()
    matrix = given(changes).toarray()
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_array_equal(found, (matrix + matrix.T) / 2)


@pytest.mark.parametrize(
    ("changes", "n", "message"),
    [
        ([], 4, r"shape \(5, 5\): \(4, 4\) is needed"),
        ([(0, 1, -1.0)], 5, r"1 entries that are negative, .* \(-1.0\) in row 0, column 1"),
        ([(3, 2, np.nan)], 5, r"negative, NaN or infinite, the first \(nan\) in row 3"),
        ([(0, 1, 0.5)], 5, r"not symmetric: .* save \(W \+ W.T\) / 2"),
        ([(0, 1, 0), (1, 0, 0), (2, 1, 0), (1, 2, 0)], 5, "1 points without neighbours.* row 1"),
    ],
)
def test_a_matrix_that_is_no_affinity_graph_is_refused(changes, n, message):
    with pytest.raises(DataError, match=message):
        check_graph(given(changes), n, "own")


def test_a_file_that_is_no_graph_is_named(tmp_path):
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 and no more")
    np.save(tmp_path / "x.npy", np.eye(3))
    for name in ("cut.npz", "x.npy", "none.npz"):
        with pytest.raises(DataError, match=f"own.precomputed: .*{name} cannot.*save_npz writes"):
            read_graph(tmp_path / name, 5)
    save_npz(tmp_path / "ring.npz", given())
    np.testing.assert_array_equal(read_graph(tmp_path / "ring.npz", 5).toarray(), given().toarray())
