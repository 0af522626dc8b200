import numpy as np
import pytest
from scipy.sparse import block_diag, csr_array

from spectralnet.errors import ParameterError
from spectralnet.graph.affinity import GraphParams, affinity_graph
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.membership.n_clusters import candidates, choose_n_clusters


@pytest.mark.parametrize("k", [2, 4])
def test_separated_blobs_are_counted(k):
    random = np.random.default_rng(0)
    labels = np.arange(200) % k
    corners = np.array([[0, 0], [9, 0], [0, 9], [9, 9]])
    x = random.normal(corners[labels], 1).astype(np.float32)
    graph = affinity_graph(nearest_neighbours(x, 20), GraphParams())
    found, kept = choose_n_clusters(graph, 2, 5, True, 0)
    assert found == k
    assert kept.shape == (4,)
    assert kept[k - 2] > 0.98
    assert choose_n_clusters(graph, 3, 3, True, 0)[0] == 3


def test_pairs_apart_from_all_are_no_cluster():
    random, labels = np.random.default_rng(0), np.arange(200) % 2
    x = (random.normal(size=(200, 2)) + 6 * labels[:, None]).astype(np.float32)
    blobs = affinity_graph(nearest_neighbours(x, 20), GraphParams())
    pairs = [np.ones((2, 2)) - np.eye(2)] * 150
    found, kept = choose_n_clusters(csr_array(block_diag([blobs, *pairs])), 2, 4, True, 0)
    assert found == 2
    assert kept[0] > 0.98
    assert kept[1] < 0.8  # which a centroid where no point is would make last


def test_a_number_at_which_nothing_can_be_told_does_not_win():
    """Halves of 60 small pieces have fewer places than 30 clusters."""
    pieces = [np.ones((size, size)) - np.eye(size) for size in [4] * 60 + [14]]
    found, kept = choose_n_clusters(csr_array(block_diag(pieces)), 2, 20, True, 0)
    assert np.isfinite(kept).all()
    assert kept[found - 2] > 0
    small = [np.ones((2, 2)) - np.eye(2)] * 20
    with pytest.raises(ParameterError, match="n_clusters cannot be chosen from 2 to 5"):
        choose_n_clusters(csr_array(block_diag(small)), 2, 5, True, 0)


def test_candidates_are_a_number_or_a_range():
    x = np.arange(200.0)[:, None]
    assert candidates(7, x) == 7
    assert candidates(np.int64(7), x) == 7
    assert candidates("auto", x) == (2, 19)
    assert candidates("auto", x % 5) == (2, 4)
    assert candidates([2, 9], x) == (2, 9)
    for wrong in ("many", 0, 2.5, (2.5, 4), ("a", "b"), (1, 4), (5, 4), (2, 3, 4)):
        with pytest.raises(ParameterError, match="n_clusters = "):
            candidates(wrong, x)
