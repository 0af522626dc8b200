import numpy as np
import pytest
from scipy.sparse import csr_array

from spectralnet.errors import TrainingError
from spectralnet.graph.affinity import GraphParams, affinity_graph
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.membership.stability import (
    extended_eigenvectors,
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
