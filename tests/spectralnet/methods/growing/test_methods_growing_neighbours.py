import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.neighbors import NearestNeighbors

from spectralnet.errors import DataError
from spectralnet.graph.affinity import GraphParams
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.methods.affinities import connect
from spectralnet.methods.growing import neighbours
from spectralnet.methods.growing.neighbours import grown_neighbours, neighbours_in

N, FORMER, K = 400, 250, 7


@pytest.mark.parametrize("kind", ["dense", "far", "sparse"])
@pytest.mark.parametrize("former", [FORMER, N - 1, K + 1])
def test_grown_neighbours_are_the_nearest_of_all(kind, former):
    x = np.random.default_rng(0).normal(size=(N, 30)).astype(np.float32)
    x = {"dense": x, "far": x + 1000, "sparse": csr_array(np.where(x > 0.5, x, 0))}[kind]
    found = grown_neighbours(nearest_neighbours(x[:former], K), x)
    truth, _ = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(x).kneighbors()
    np.testing.assert_allclose(found.distances, truth, rtol=1e-3)
    assert (found.indices != np.arange(N)[:, None]).all()
    of_row = np.sort(found.indices, axis=1)
    assert (np.diff(of_row, axis=1) > 0).all()


@pytest.mark.parametrize("gap", [10, 10_000])
def test_groups_far_apart_keep_their_neighbours_and_few_pairs_are_held(gap, monkeypatch):
    x = gap * np.eye(4, 10)[np.arange(N) % 4] + np.random.default_rng(0).normal(size=(N, 10))
    x, held, usual = x.astype(np.float32), [], neighbours._nearest

    def counted(points, pairs, k, distances):
        held.append(len(distances))
        return usual(points, pairs, k, distances)

    monkeypatch.setattr(neighbours, "_nearest", counted)
    found = grown_neighbours(nearest_neighbours(x[:FORMER], K), x)
    truth = NearestNeighbors(n_neighbors=K, algorithm="kd_tree").fit(x.astype(np.float64))
    np.testing.assert_array_equal(found.indices, truth.kneighbors(return_distance=False))
    assert held[0] < 5 * K * N


def test_the_neighbours_that_made_a_graph_are_along_its_edges():
    x = np.random.default_rng(0).normal(size=(N, 3)).astype(np.float32)
    graph, _ = connect(x, GraphParams(n_neighbours=K, scale_neighbour=3), seed=0)
    found, truth = neighbours_in(graph, x, K), nearest_neighbours(x, K)
    np.testing.assert_array_equal(found.indices, truth.indices)
    np.testing.assert_allclose(found.distances, truth.distances, rtol=1e-6)
    assert neighbours_in(graph, x, int(np.diff(graph.indptr).min()) + 1) is None


def test_distances_beyond_float32_are_refused():
    x = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    known = nearest_neighbours(x, K)
    with pytest.raises(DataError, match="distances exceed float32"):
        grown_neighbours(known, np.concatenate([x, 1e30 * x[:1]]))
