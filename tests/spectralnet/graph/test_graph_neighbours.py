import numpy as np
import pytest
from scipy.sparse import csr_array, random_array, vstack
from sklearn.datasets import make_moons
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from spectralnet.errors import DataError, ParameterError
from spectralnet.graph import neighbours
from spectralnet.graph.neighbours import nearest_neighbours


@pytest.fixture
def points():
    return np.random.default_rng(0).normal(size=(3000, 8)).astype(np.float32)


def test_exact_search_equals_scikit_learn(points):
    found = nearest_neighbours(points, 7, "exact")
    distances, indices = NearestNeighbors(n_neighbors=7).fit(points).kneighbors()
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-5)
    assert found.recall == 1


def test_approximate_search_measures_its_recall(points):
    found = nearest_neighbours(points, 7, "approximate", seed=3)
    truth = NearestNeighbors(n_neighbors=7).fit(points).kneighbors(return_distance=False)
    hits = (found.indices[:, :, None] == truth[:, None, :]).any(axis=1)
    assert 0.7 < hits.mean() < 1
    assert found.recall == pytest.approx(hits.mean(), abs=0.05)
    again = nearest_neighbours(points, 7, "approximate", seed=3)
    np.testing.assert_array_equal(again.indices, found.indices)


def test_large_inputs_are_searched_approximately(points, monkeypatch):
    assert nearest_neighbours(points, 3).search == "exact"
    monkeypatch.setattr("spectralnet.graph.neighbours.EXACT_SEARCH_BUDGET", 1e6)
    assert nearest_neighbours(points, 3).search == "approximate"


@pytest.mark.parametrize(("offset", "outlier"), [(2**23, 0), (0, 2**23)])
def test_rows_far_from_the_origin_or_each_other_keep_their_neighbours(offset, outlier):
    x = np.zeros((3000, 64))
    x[:, :2] = np.round(make_moons(3000, noise=0.05, random_state=0)[0] * 2**8)
    x[::100, 2] = outlier
    found = nearest_neighbours((x + offset).astype(np.float32), 7, "exact")  # exactly so
    distances = NearestNeighbors(n_neighbors=7).fit(x).kneighbors()[0]
    ordinary = np.arange(3000) % 100 > 0
    np.testing.assert_allclose(found.distances[ordinary], distances[ordinary], rtol=1e-5)


@pytest.mark.parametrize("gap", [0, 300, 10_000])
@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_places_far_apart_keep_their_neighbours(kind, gap):
    """The same moons at two places: float32's |a|^2 - 2ab + |b|^2 is noise at the second."""
    x = np.zeros((1000, 64))
    x[:, :2] = np.tile(make_moons(500, noise=0.05, random_state=0)[0], (2, 1))
    x[:, 2:40] = np.random.default_rng(0).normal(0, 0.05, (1000, 38))
    x[500:, 40:] += gap
    x = x.astype(np.float32)
    found = nearest_neighbours(kind(x), 7, "exact")
    truth = NearestNeighbors(n_neighbors=7, algorithm="kd_tree").fit(x.astype(np.float64))
    distances, _ = truth.kneighbors()
    np.testing.assert_allclose(found.distances, distances, rtol=1e-5)
    assert found.recall == 1


def test_what_an_exact_search_misses_is_measured(points, monkeypatch):
    usual, asked = neighbours._nearest, []

    def halved(x, rows, k):
        """Miss the nearest others of every other row, but where it is measured, and again."""
        found = usual(x, rows, k)
        asked.append(len(rows))
        if asked == [200, 3000]:
            found[::2, 1:4] = found[::2, -3:]
        return found

    monkeypatch.setattr(neighbours, "_nearest", halved)
    found = nearest_neighbours(points, 7, "exact")
    assert asked == [200, 3000, 3000]
    expected = NearestNeighbors(n_neighbors=7).fit(points).kneighbors(return_distance=False)
    np.testing.assert_array_equal(found.indices, expected)
    assert found.recall == 1


@pytest.mark.parametrize("search", ["exact", "approximate"])
def test_no_point_is_its_own_neighbour_even_among_duplicates(points, search):
    repeated = np.concatenate([points, points[:500], points[:500]]) + np.float32(1000)
    found = nearest_neighbours(repeated, 4, search)
    assert not (found.indices == np.arange(len(repeated))[:, None]).any()
    assert (np.diff(found.distances, axis=1) >= 0).all()
    if search == "exact":  # 1000 away from the origin, expanded squares would be noise
        assert (found.distances[3000:, :2] == 0).all()


@pytest.fixture
def texts():
    """Sparse unit rows, as texts give them; some twice."""
    x = random_array((900, 300), density=0.03, format="csr", rng=np.random.default_rng(0))
    return csr_array(normalize(vstack([x, x[:50]])).astype(np.float32))


def test_sparse_rows_have_the_neighbours_of_the_cosine(texts):
    found = nearest_neighbours(texts, 7)
    assert (found.search, found.recall) == ("exact", 1)
    truth = NearestNeighbors(n_neighbors=7, metric="cosine").fit(texts)
    similarities = 1 - truth.kneighbors()[0]
    np.testing.assert_allclose(1 - found.distances**2 / 2, similarities, atol=1e-6)
    assert (found.distances[900:, 0] == 0).all()  # duplicates
    dense = nearest_neighbours(texts.toarray(), 7)
    np.testing.assert_allclose(found.distances, dense.distances, atol=1e-6)


@pytest.mark.parametrize("is_sparse", [True, False])
def test_wide_rows_are_searched_in_a_projection(texts, is_sparse):
    """Random rows have no principal directions, so this is the hardest case."""
    x = texts if is_sparse else texts.toarray()
    found = nearest_neighbours(x, 7, "approximate", seed=1)
    exact = nearest_neighbours(x, 7, "exact")
    hits = (found.indices[:, :, None] == exact.indices[:, None, :]).any(axis=1)
    assert found.recall == pytest.approx(hits.mean(), abs=0.05)
    assert 0.3 < found.recall < 1
    same = found.indices == exact.indices
    np.testing.assert_allclose(found.distances[same], exact.distances[same], atol=1e-6)


@pytest.mark.parametrize("n_neighbours", [0, 5, 6])
def test_too_many_neighbours_are_refused(n_neighbours):
    with pytest.raises(ParameterError, match=f"n_neighbours = {n_neighbours} .*1 ... 4"):
        nearest_neighbours(np.eye(5, dtype=np.float32), n_neighbours)


@pytest.mark.parametrize("search", ["exact", "approximate"])
def test_one_value_whose_square_overflows_is_refused(points, search):
    """faiss would end the process that clusters such rows into cells."""
    huge = points.copy()
    huge[5, 0] = 1e20
    for rows in (huge, csr_array(huge)):
        with pytest.raises(DataError, match=r"exceed float32, values reach 1e\+20: scale"):
            nearest_neighbours(rows, 5, search)


def test_values_whose_squares_overflow_are_refused(points):
    with pytest.raises(DataError, match=r"exceed float32, values reach \d.*e\+3\d"):
        nearest_neighbours(points * np.float32(1e30), 3)


def test_sparse_rows_without_numbers_are_all_at_one_place():
    found = nearest_neighbours(csr_array((10, 5), dtype=np.float32), 3)
    assert not found.distances.any()
    assert all(len({i, *row}) == 4 for i, row in enumerate(found.indices.tolist()))
