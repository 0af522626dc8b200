import numpy as np
import pytest
import torch

from spectralnet.graph.affinity import affinity_graph, degrees
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.matrices import Points
from spectralnet.spectral.batch_sampler import BatchSampler, dense_affinity
from spectralnet.spectral.eigenvector_sampler import EigenvectorSampler
from spectralnet.spectral.exact import exact_eigenvectors
from spectralnet.spectral.samplers import EdgeSampler


def test_edge_loss_estimates_the_normalised_cut(blobs, blob_graph):
    """tr((Y^T D Y)^-1 Y^T L Y), from all edges at once in numpy."""
    y = np.random.default_rng(0).normal(size=(len(blobs), 3))
    degree = degrees(blob_graph)
    energy = y.T @ (np.diag(degree) - blob_graph.toarray()) @ y
    exact = np.trace(np.linalg.solve(y.T @ np.diag(degree) @ y, energy))
    sampler = EdgeSampler(blob_graph, np.zeros(len(blobs), dtype=bool), batch_size=400_000)
    outputs = torch.from_numpy(y)
    (batch,) = sampler.batches(torch.Generator().manual_seed(0), 1)
    assert sampler.loss(lambda points: outputs[points], batch).item() == pytest.approx(
        exact, rel=0.01
    )


def test_held_out_points_make_the_held_out_minibatches_of_edges_and_no_others(blobs, blob_graph):
    held_out = np.arange(len(blobs)) % 5 == 0
    sampler = EdgeSampler(blob_graph, held_out, batch_size=500)
    generator = torch.Generator().manual_seed(0)
    (fitted,), (unseen,) = sampler.batches(generator, 1), sampler.held_out_batches(generator, 1)
    assert not held_out[fitted.numpy()].any()
    assert held_out[unseen.numpy()].any(axis=0).all()


def test_eigenvector_loss_is_the_squared_distance_weighted_by_degree(blobs, blob_graph, cpu):
    """Over all points, and over those that are held out, at once in NumPy."""
    held_out, degree = np.arange(len(blobs)) % 5 == 0, degrees(blob_graph)
    u, _ = exact_eigenvectors(blob_graph, 3)
    y = np.random.default_rng(0).normal(size=u.shape)
    points = Points(u.astype(np.float32), cpu)
    sampler = EigenvectorSampler(points, degree, held_out, batch_size=200_000)
    generator = torch.Generator().manual_seed(0)
    (fitted,), (unseen,) = sampler.batches(generator, 1), sampler.held_out_batches(generator, 1)
    for batch, rows in ((fitted, held_out | True), (unseen, held_out)):
        assert set(batch.tolist()) == set(np.flatnonzero(rows))
        expected = np.average(((y - u) ** 2).sum(axis=1)[rows], weights=degree[rows])
        loss = sampler.loss(lambda points: torch.from_numpy(y)[points], batch)
        assert loss.item() == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("scale", ["local", "global"])
def test_affinity_inside_a_batch_equals_the_sparse_graph(blobs, settings, scale):
    params = settings.graph.model_copy(update={"scale": scale, "scale_neighbour": 2})
    points = np.concatenate([blobs[:97], np.repeat(blobs[:1], 3, axis=0)])
    sparse = affinity_graph(nearest_neighbours(points, params.n_neighbours), params)
    dense = dense_affinity(torch.from_numpy(points), params)
    np.testing.assert_allclose(dense.numpy(), sparse.toarray(), atol=1e-5)


def test_a_small_batch_has_fewer_neighbours(blobs, settings):
    dense = dense_affinity(torch.from_numpy(blobs[:4]), settings.graph)
    assert (np.count_nonzero(dense.numpy(), axis=1) == 3).all()
    one = dense_affinity(torch.from_numpy(blobs[:1]), settings.graph)
    np.testing.assert_array_equal(one, [[0]])


def test_a_small_batch_keeps_which_part_of_the_neighbours_sets_the_scale(blobs, settings):
    """Half of 20 neighbours, and so half of 9: exp(-d² / 2 s²), s the distance to the fourth."""
    params = settings.graph.model_copy(
        update={"n_neighbours": 20, "scale_neighbour": 10, "overlap": 0}
    )
    few = blobs[:10].astype(float)
    apart = np.linalg.norm(few[:, None] - few, axis=2)
    scale = np.sort(apart, axis=1)[:, 4]
    directed = np.exp(-0.5 * (apart / scale[:, None]) ** 2)
    expected = (directed + directed.T) / 2
    np.fill_diagonal(expected, 0)
    dense = dense_affinity(torch.from_numpy(blobs[:10]), params)
    np.testing.assert_allclose(dense.numpy(), expected, rtol=1e-4)


def test_batch_loss_is_the_papers_with_weights_from_the_other_half(blobs, settings):
    sampler = BatchSampler(torch.from_numpy(blobs), np.arange(len(blobs)) < 20, 32, settings.graph)
    (batch,) = sampler.batches(torch.Generator().manual_seed(0), 1)
    assert batch.shape == (2, 32)
    assert len(torch.unique(batch)) == 64
    assert batch.min() >= 20
    y = np.random.default_rng(0).normal(size=(len(blobs), 2))
    loss = sampler.loss(lambda points: torch.from_numpy(y)[points], batch).item()
    other, own = y[batch[0]], y[batch[1]]
    factor = np.linalg.cholesky(other.T @ other / 32)
    own = own @ np.linalg.inv(factor).T
    affinity = dense_affinity(torch.from_numpy(blobs)[batch[1]], settings.graph).numpy()
    pairs = sum(
        affinity[i, j] * np.sum((own[i] - own[j]) ** 2) for i in range(32) for j in range(32)
    )
    assert loss == pytest.approx(pairs / 64, rel=1e-5)


def test_halves_of_one_point_have_a_loss(blobs, settings):
    sampler = BatchSampler(torch.from_numpy(blobs[:3]), np.zeros(3, bool), 32, settings.graph)
    (batch,) = sampler.batches(torch.Generator().manual_seed(0), 1)
    assert batch.shape == (2, 1)
    weights = torch.ones(4, 1, requires_grad=True)
    loss = sampler.loss(lambda points: torch.from_numpy(blobs)[points] @ weights, batch)
    loss.backward()
    assert loss.item() == 0
    assert not weights.grad.any()


def test_held_out_batches_are_filled_up(blobs, settings):
    held_out = np.arange(len(blobs)) < 20
    sampler = BatchSampler(torch.from_numpy(blobs), held_out, 32, settings.graph)
    (batch,) = sampler.held_out_batches(torch.Generator().manual_seed(0), 1)
    assert batch.shape == (2, 32)
    assert set(range(20)) <= set(batch.ravel().tolist())
