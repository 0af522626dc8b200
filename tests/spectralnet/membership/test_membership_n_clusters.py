import numpy as np
import pytest

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


def test_candidates_are_a_number_or_a_range():
    x = np.arange(200.0)[:, None]
    assert candidates(7, x) == 7
    assert candidates(np.int64(7), x) == 7
    assert candidates("auto", x) == (2, 19)
    assert candidates("auto", x % 5) == (2, 4)
    assert candidates([2, 9], x) == (2, 9)
    for wrong in ("many", 0, 2.5, (1, 4), (5, 4), (2, 3, 4)):
        with pytest.raises(ParameterError, match="n_clusters = "):
            candidates(wrong, x)
