import numpy as np
import pytest

from spectralnet.affinity import affinity_graph, degrees, describe_graph, neighbour_scales
from spectralnet.neighbours import nearest_neighbours


@pytest.mark.parametrize("scale", ["local", "global"])
def test_weights_equal_a_dense_reference(blobs, scale):
    k, scale_neighbour = 5, 3
    distance = np.linalg.norm(blobs[:, None].astype(float) - blobs[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    ranked = np.sort(distance, axis=1)
    sigma = ranked[:, scale_neighbour - 1]
    if scale == "global":
        sigma = np.full_like(sigma, np.median(sigma))
    dense = np.exp(-(distance**2) / (2 * sigma[:, None] ** 2))
    dense[distance > ranked[:, k - 1 : k]] = 0
    graph = affinity_graph(nearest_neighbours(blobs, k), scale, scale_neighbour)
    np.testing.assert_allclose(graph.toarray(), (dense + dense.T) / 2, atol=1e-6)
    np.testing.assert_allclose(degrees(graph), graph.toarray().sum(axis=1))


def test_memory_grows_with_neighbours_not_with_points_squared(blobs):
    graph = affinity_graph(nearest_neighbours(blobs, 5), "local", 3)
    assert graph.nnz <= 2 * 5 * len(blobs)
    assert graph.diagonal().sum() == 0


def test_duplicates_keep_finite_weights_and_are_counted(blobs):
    points = np.concatenate([blobs, np.repeat(blobs[:1], 20, axis=0)])
    neighbours = nearest_neighbours(points, 5)
    graph = affinity_graph(neighbours, "local", 1)
    assert np.isfinite(graph.data).all()
    assert (degrees(graph) > 0).all()
    assert describe_graph(graph, neighbours)["duplicates"] == 21


def test_a_width_is_never_zero():
    same = np.zeros((4, 2), dtype=np.float32)
    np.testing.assert_array_equal(neighbour_scales(same, "local", 1), np.ones(4))
    mixed = np.array([[0, 0], [0, 3], [2, 4]], dtype=np.float32)
    np.testing.assert_array_equal(neighbour_scales(mixed, "local", 1), [2, 2, 2])


def test_components_are_counted():
    points = np.concatenate([np.zeros((30, 2)), np.full((10, 2), 100.0)]).astype(np.float32)
    points += np.random.default_rng(0).normal(size=points.shape).astype(np.float32)
    neighbours = nearest_neighbours(points, 8)
    about = describe_graph(affinity_graph(neighbours, "local", 3), neighbours)
    assert (about["components"], about["smallest_component"]) == (2, 10)


def test_far_neighbours_keep_their_edges():
    """A pair of near points far from the rest: their other weights underflow."""
    line = np.concatenate([np.arange(10), [1e4, 1e4 + 1e-3]]).astype(np.float32)[:, None]
    neighbours = nearest_neighbours(line, 3)
    about = describe_graph(affinity_graph(neighbours, "local", 1), neighbours)
    assert about["components"] == 1
