import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import make_blobs, make_moons

from spectralnet.graph.affinity import GraphParams
from spectralnet.methods.affinities import connect
from spectralnet.methods.growing.points import (
    KeptPoints,
    grown_points,
    novel_points,
    rayleigh_ratio,
)

PARAMS = GraphParams(n_neighbours=10, scale_neighbour=5)


def rows(kind, n=300):
    x = np.random.default_rng(0).normal(size=(n, 6)).astype(np.float32)
    if kind == "sparse":
        return csr_array(np.where(x > 0, x, 0))
    return np.concatenate([x[: n // 2]] * 2) if kind == "copies" else x


@pytest.mark.parametrize("kind", ["dense", "sparse", "copies"])
@pytest.mark.parametrize("former", [200, 8])  # 8 have fewer neighbours than asked for
def test_a_grown_graph_is_that_of_all_points(kind, former):
    x = rows(kind)
    k = min(10, former - 1)
    graph, _ = connect(x[:former], PARAMS.for_neighbours(k), seed=0)
    grown = grown_points(KeptPoints(x[:former], graph, k), x, PARAMS, seed=0)
    expected, _ = connect(x, PARAMS, seed=0)
    assert abs(grown.graph - expected).max() < 1e-5
    assert abs(grown.space - x).max() == 0


def test_other_neighbours_are_searched_anew():
    x = rows("dense")
    fewer, _ = connect(x[:200], GraphParams(n_neighbours=5, scale_neighbour=5), seed=0)
    grown = grown_points(KeptPoints(x[:200], fewer, 5), x, PARAMS, seed=0)
    assert abs(grown.graph - connect(x, PARAMS, seed=0)[0]).max() == 0


def test_the_rayleigh_ratio_is_of_edges_with_a_new_end_against_the_others():
    random = np.random.default_rng(0)
    weights = np.triu(random.random((12, 12)) * (random.random((12, 12)) < 0.6), 1)
    y, former = random.normal(size=(12, 3)), 7
    sums = np.zeros((2, 2))
    for i, j in zip(*np.nonzero(weights), strict=True):
        lengths = y[i] @ y[i] + y[j] @ y[j]
        sums[int(j >= former)] += weights[i, j] * np.array([np.sum((y[i] - y[j]) ** 2), lengths])
    expected = (sums[1, 0] / sums[1, 1]) / (sums[0, 0] / sums[0, 1])
    ratio = rayleigh_ratio(y, csr_array(weights + weights.T), former)
    assert ratio == pytest.approx(expected)


def test_groups_where_no_former_points_are_are_novel_and_no_others():
    x, labels = make_blobs(1200, centers=6, cluster_std=0.5, center_box=(-20, 20), random_state=2)
    random = np.random.default_rng(0)
    is_new = (labels >= 4) | (random.random(1200) < 0.5)  # two groups are new, of four half is
    order = np.argsort(is_new, kind="stable")
    x, labels, former = x[order].astype(np.float32), labels[order], int((~is_new).sum())
    graph, _ = connect(x, PARAMS, seed=0)
    np.testing.assert_array_equal(novel_points(graph, former, 10), labels[former:] >= 4)


@pytest.mark.parametrize("former", [60, 500, 1150])
def test_more_points_of_the_same_kind_are_not_novel(former):
    x = make_moons(1200, noise=0.1, random_state=0)[0].astype(np.float32)
    graph, _ = connect(x, PARAMS, seed=0)
    assert not novel_points(graph, former, 10).any()
