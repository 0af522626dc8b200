import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import SpectralClustering
from sklearn.datasets import make_blobs, make_moons
from sklearn.metrics import adjusted_rand_score

from spectralnet import SpectralNet
from spectralnet.graph.affinity import GraphParams, affinity_graph, degrees
from spectralnet.graph.duplicates import distinct_rows
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.methods.affinities import connect
from spectralnet.spectral.exact import exact_eigenvectors
from spectralnet.spectral.laplacian import squared_grassmann_distance
from spectralnet.spectral.training import candidate_components

SHORT = {"hidden": [64, 64], "epochs": 10, "steps_per_epoch": 30}


@pytest.fixture
def moons():
    return make_moons(200, noise=0.05, random_state=0)[0].astype(np.float32)


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_distinct_rows_are_those_that_numpy_finds(kind):
    x = np.random.default_rng(0).integers(-1, 2, (500, 4)).astype(np.float32)
    x[::7] *= -1  # some zeros are -0
    found = distinct_rows(kind(x))
    _, first, of, counts = np.unique(
        x + 0, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    np.testing.assert_array_equal(found.first, np.sort(first))
    np.testing.assert_array_equal(found.first[found.of], first[of])
    np.testing.assert_array_equal(found.counts[found.of], counts[of])


def test_stored_zeros_and_the_order_of_entries_make_no_row_distinct():
    x = csr_array(([1.0, 2, 2, 0, 1], [0, 3, 3, 1, 0], [0, 2, 5]), shape=(2, 4))
    assert len(distinct_rows(x).first) == 1
    assert len(distinct_rows(csr_array(x.toarray()[:, [0, 3]] * [[1, 1], [2, 1]])).first) == 2


def test_without_duplicates_the_graph_is_that_of_all_rows(moons):
    params = GraphParams()
    graph, about = connect(moons, params, seed=0)
    expected = affinity_graph(nearest_neighbours(moons, 20), params)
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(graph, part), getattr(expected, part))
    assert about["duplicates"] == 0


@pytest.mark.parametrize("times", [2, 11, 22])
def test_repeated_rows_have_components_and_eigenvectors_of_distinct_ones(moons, times):
    params = GraphParams()
    once, _ = connect(moons, params, seed=0)
    graph, about = connect(np.tile(moons, (times, 1)), params, seed=0)
    assert (about["components"], about["duplicates"]) == (1, 200 * times)
    assert abs(graph - graph.T).max() == 0
    assert graph.nnz <= 2 * (20 + 10) * graph.shape[0]
    rows = np.arange(200 * times)
    blocks = csr_array((np.ones(200 * times), (rows % 200, rows)))
    between = (blocks @ graph @ blocks.T).toarray()  # of the distinct rows, by sums
    np.fill_diagonal(between, 0)
    np.testing.assert_allclose(between, times * once.toarray(), rtol=1e-9)
    few, values = exact_eigenvectors(once, 6)
    many, repeated = exact_eigenvectors(graph, 6)
    # Half of each degree is the copies'.
    np.testing.assert_allclose(repeated, values / 2, rtol=1e-6, atol=1e-9)
    assert squared_grassmann_distance(many, np.tile(few, (times, 1))) < 1e-6


def test_pieces_stay_pieces_and_rows_stay_linked_whatever_their_numbers():
    random = np.random.default_rng(0)
    x = np.concatenate([np.arange(12), 1000 + np.arange(9)]).astype(np.float32)[:, None]
    repeated = np.repeat(x, random.integers(1, 60, 21), axis=0)
    graph, _ = connect(repeated, GraphParams(n_neighbours=4, scale_neighbour=2), seed=0)
    _, piece = connected_components(graph)
    np.testing.assert_array_equal(piece, repeated[:, 0] >= 1000)
    assert (degrees(graph) > 0).all()


def test_rare_rows_do_not_bind_frequent_ones():
    """Rows of 0 ... 9 and 20 ... 29, each 50 times, and a bridge of rows that come once."""
    x = np.r_[np.repeat(np.r_[0:10, 20:30], 50), 10:20].astype(np.float32)[:, None]
    graph, _ = connect(x, GraphParams(n_neighbours=4, scale_neighbour=2), seed=0)
    ends, bridge = x[:, 0] < 10, (x[:, 0] >= 10) & (x[:, 0] < 20)
    once = affinity_graph(
        nearest_neighbours(np.arange(30, dtype=np.float32)[:, None], 4),
        GraphParams(n_neighbours=4, scale_neighbour=2),
    )
    assert graph[ends][:, bridge].sum() == pytest.approx(once[:10][:, 10:20].sum())


@pytest.mark.parametrize(
    ("points", "n_clusters", "truth"),
    [
        ((np.arange(300) % 7)[:, None], 7, np.arange(300) % 7),
        (np.eye(12)[np.arange(120) % 12], 12, np.arange(120) % 12),
        (np.tile(make_moons(200, noise=0.05, random_state=0)[0], (11, 1)), 2,
         np.tile(make_moons(200, noise=0.05, random_state=0)[1], 11)),
        (make_moons(3000, noise=0.05, random_state=0)[0].round(1), 2,
         make_moons(3000, noise=0.05, random_state=0)[1]),
    ],
    ids=["weekdays", "one-hot", "moons, 11 times", "moons, rounded"],
)  # fmt: skip
def test_clusters_are_those_of_the_distinct_rows(points, n_clusters, truth):
    model = SpectralNet(n_clusters, spectralnet=SHORT, random_state=0)
    assert adjusted_rand_score(truth, model.fit_predict(points)) == 1
    n_distinct = len(np.unique(points, axis=0))
    assert model.embedding_.shape[1] == min(candidate_components(n_clusters), n_distinct)


def test_spots_of_equal_rows_are_clusters():
    spot = np.r_[np.random.default_rng(0).normal(size=(100, 2)), np.full((100, 2), 5.0)]
    model = SpectralNet(2, spectralnet=SHORT, random_state=0)
    assert adjusted_rand_score(np.arange(200) < 100, model.fit_predict(spot)) == 1


@pytest.mark.parametrize("seed", range(2))
def test_answers_of_yes_and_no_have_the_clusters_of_spectral_clustering(seed):
    """Ten distinct rows, some of which come once: fewer in a minibatch than outputs."""
    answers = (make_blobs(300, 4, centers=3, random_state=0)[0] > 0).astype(float)
    expected = SpectralClustering(3, random_state=0).fit_predict(answers)
    model = SpectralNet(3, spectralnet=SHORT, random_state=seed).fit(answers)
    assert adjusted_rand_score(expected, model.labels_) > 0.5
    assert np.bincount(model.labels_).min() > 50
