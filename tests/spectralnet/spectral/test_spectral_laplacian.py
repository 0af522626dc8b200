from contextlib import nullcontext, suppress

import numpy as np
import pytest
import scipy.linalg
from scipy.sparse import block_diag, csr_array
from scipy.sparse.csgraph import laplacian

from spectralnet.errors import TrainingError
from spectralnet.graph.affinity import degrees
from spectralnet.spectral.exact import DENSE, exact_eigenvectors
from spectralnet.spectral.laplacian import (
    rayleigh_ritz,
    ritz_residuals,
    squared_grassmann_distance,
    warn_of_components,
)


def random_graph(n):
    weights = np.random.default_rng(0).uniform(size=(n, n))
    return weights + weights.T


def dense_pairs(graph, normalised):
    mass = np.diag(degrees(graph)) if normalised else None
    return scipy.linalg.eigh(laplacian(graph).toarray(), mass)


@pytest.mark.parametrize("normalised", [True, False])
def test_eigenpairs_equal_scipys_dense_solver(blob_graph, normalised):
    vectors, values = exact_eigenvectors(blob_graph, 5, normalised)
    dense_values, dense_vectors = dense_pairs(blob_graph, normalised)
    np.testing.assert_allclose(values, dense_values[:5], atol=1e-9)
    mass = degrees(blob_graph) if normalised else None
    assert squared_grassmann_distance(vectors, dense_vectors[:, :5], mass) < 1e-9
    weights = np.ones(len(vectors)) if mass is None else mass / mass.mean()
    np.testing.assert_allclose(np.mean(weights[:, None] * vectors**2, axis=0), 1)


def test_a_disconnected_graph_has_a_zero_eigenvalue_for_each_component(blob_graph):
    both = csr_array(block_diag([blob_graph, blob_graph]))
    vectors, values = exact_eigenvectors(both, 4)
    assert np.count_nonzero(np.abs(values) < 1e-9) == 2
    n = blob_graph.shape[0]
    constant_on_each = vectors[:, :2].std(axis=0, where=np.repeat([True, False], n)[:, None])
    np.testing.assert_allclose(constant_on_each, 0, atol=1e-6)


@pytest.mark.parametrize("normalised", [True, False])
def test_pieces_give_the_eigenvectors_of_the_whole(blob_graph, normalised):
    """One of them needs ARPACK, the others none; two have the same eigenvalues."""
    triangle, large = np.ones((3, 3)) - np.eye(3), random_graph(DENSE + 50)
    graph = csr_array(block_diag([triangle, large, triangle, blob_graph]))
    order = np.random.default_rng(0).permutation(graph.shape[0])
    graph = csr_array(graph[order][:, order])
    vectors, values = exact_eigenvectors(graph, 9, normalised)
    dense_values, dense_vectors = dense_pairs(graph, normalised)
    np.testing.assert_allclose(values, dense_values[:9], atol=1e-9)
    mass = degrees(graph) if normalised else np.ones(len(vectors))
    assert squared_grassmann_distance(vectors, dense_vectors[:, :9], mass) < 1e-9
    moments = vectors.T @ (mass[:, None] * vectors) / mass.sum()
    np.testing.assert_allclose(moments, np.eye(9), atol=1e-8)


@pytest.mark.parametrize("normalised", [True, False])
def test_more_pieces_than_eigenvectors_have_places_of_their_own(normalised):
    weights = [np.full((size, size), weight) for size, weight in ((2, 1), (3, 5), (9, 2), (4, 1))]
    graph = csr_array(block_diag(weights))
    vectors, values = exact_eigenvectors(graph, 3, normalised)
    assert (values == 0).all()
    np.testing.assert_allclose(laplacian(graph) @ vectors, 0, atol=1e-9)
    mass = degrees(graph) if normalised else np.ones(len(vectors))
    moments = vectors.T @ (mass[:, None] * vectors) / mass.sum()
    np.testing.assert_allclose(moments, np.eye(3), atol=1e-9)
    assert len(np.unique(vectors.round(6), axis=0)) == 4


def test_arpack_stops_when_it_has_worked_enough():
    with pytest.raises(TrainingError, match=r"take more than 5e\+06 multiply-adds"):
        exact_eigenvectors(csr_array(random_graph(500)), 3, most_work=5e6)


def enough(graph):
    """Return up to twice the work that its eigenvectors take."""
    for work in 1e6 * 2.0 ** np.arange(20):
        with suppress(TrainingError):
            exact_eigenvectors(graph, 5, most_work=work)
            return work
    raise AssertionError


@pytest.mark.parametrize("size", [100, 400])  # by LAPACK, by ARPACK
def test_the_pieces_of_a_graph_share_the_work(size):
    pieces = [random_graph(size) for _ in range(3)]
    assert enough(csr_array(block_diag(pieces))) >= 1.5 * enough(csr_array(pieces[0]))


@pytest.mark.parametrize("normalised", [True, False])
def test_an_eigenvalue_lies_within_each_residual(blob_graph, normalised):
    dense_values, dense_vectors = dense_pairs(blob_graph, normalised)
    exact = ritz_residuals(dense_vectors[:, :4], dense_values[:4], blob_graph, normalised)
    np.testing.assert_allclose(exact, 0, atol=1e-7)
    noise = np.random.default_rng(0).normal(size=(len(dense_vectors), 4))
    near = dense_vectors[:, :4] + 0.1 * np.abs(dense_vectors).mean() * noise
    rotation, values = rayleigh_ritz(near, blob_graph, normalised)
    residuals = ritz_residuals(near @ rotation, values, blob_graph, normalised)
    nearest = np.abs(values[:, None] - dense_values).min(axis=1)
    assert (nearest <= residuals).all()
    assert (residuals < np.ptp(dense_values)).all()


@pytest.mark.parametrize("normalised", [True, False])
def test_rayleigh_ritz_finds_the_eigenvectors_in_a_mixed_basis(blob_graph, normalised):
    dense_values, dense_vectors = dense_pairs(blob_graph, normalised)
    mixed = dense_vectors[:, :4] @ np.random.default_rng(0).normal(size=(4, 4))
    rotation, values = rayleigh_ritz(mixed, blob_graph, normalised)
    np.testing.assert_allclose(values, dense_values[:4], atol=1e-10)
    exact, _ = exact_eigenvectors(blob_graph, 4, normalised)
    np.testing.assert_allclose(mixed @ rotation, exact, atol=1e-5)


def test_ritz_values_bound_the_eigenvalues_from_above(blob_graph):
    y = np.random.default_rng(0).normal(size=(blob_graph.shape[0], 4))
    _, values = rayleigh_ritz(y, blob_graph)
    assert (values >= dense_pairs(blob_graph, True)[0][:4]).all()


def test_outputs_that_are_all_alike_are_refused(blob_graph):
    with pytest.raises(TrainingError, match="all points to one: is a column or a row"):
        rayleigh_ritz(np.ones((blob_graph.shape[0], 3)), blob_graph)


@pytest.mark.parametrize("normalised", [True, False])
def test_dependent_outputs_give_the_eigenvectors_of_what_they_span(blob_graph, normalised):
    _, vectors = dense_pairs(blob_graph, normalised)
    y = vectors[:, :3] @ np.random.default_rng(0).normal(size=(3, 5))
    rotation, values = rayleigh_ritz(y.astype(np.float32), blob_graph, normalised)
    assert rotation.shape == (5, 3)
    exact, eigenvalues = exact_eigenvectors(blob_graph, 3, normalised)
    np.testing.assert_allclose(values, eigenvalues, atol=1e-5)
    np.testing.assert_allclose(y @ rotation, exact, atol=1e-3)


def test_grassmann_distance_of_known_planes():
    angle = 0.3
    u = np.eye(4)[:, :2]
    v = np.array([[1, 0], [0, np.cos(angle)], [0, np.sin(angle)], [0, 0]])
    assert squared_grassmann_distance(u, v) == pytest.approx(np.sin(angle) ** 2)
    assert squared_grassmann_distance(u, u @ [[2, 1], [0, -3]]) == pytest.approx(0, abs=1e-12)
    assert squared_grassmann_distance(u, np.eye(4)[:, 2:]) == pytest.approx(2)


@pytest.mark.parametrize(
    ("n_eigenvectors", "n_clusters", "warned"), [(6, 3, False), (5, 3, True), (5, 5, False)]
)
def test_a_graph_in_as_many_pieces_as_eigenvectors_is_warned_of(n_eigenvectors, n_clusters, warned):
    """But where each piece is a cluster."""
    pieces = csr_array(np.kron(np.eye(5), np.ones((3, 3))))
    expected = pytest.warns(UserWarning, match="with 5 connected components, the first 5 eig")
    with expected if warned else nullcontext():
        warn_of_components(pieces, n_eigenvectors, n_clusters)


@pytest.mark.parametrize("normalised", [True, False])
@pytest.mark.parametrize("rank", [5, 3])
def test_blocks_of_points_give_the_ritz_pairs_of_all(blob_graph, monkeypatch, normalised, rank):
    """Five outputs of a net, the last of them dependent or not."""
    random = np.random.default_rng(0)
    y = random.normal(size=(180, rank)) @ random.normal(size=(rank, 5))
    whole, values = rayleigh_ritz(y, blob_graph, normalised)
    residuals = ritz_residuals(y @ whole, values, blob_graph, normalised)
    monkeypatch.setattr("spectralnet.spectral.laplacian.ROWS_AT_ONCE", 37)
    rotation, eigenvalues = rayleigh_ritz(y, blob_graph, normalised)
    assert rotation.shape == (5, rank)
    np.testing.assert_allclose(eigenvalues, values, rtol=1e-9)
    np.testing.assert_allclose(y @ rotation, y @ whole, rtol=1e-6, atol=1e-9)
    blocked = ritz_residuals(y @ whole, values, blob_graph, normalised)
    np.testing.assert_allclose(blocked, residuals, rtol=1e-9)
    mass = degrees(blob_graph) / degrees(blob_graph).mean() if normalised else np.ones(180)
    moment = (y @ rotation).T @ (mass[:, None] * (y @ rotation)) / 180
    np.testing.assert_allclose(moment, np.eye(rank), atol=1e-8)
