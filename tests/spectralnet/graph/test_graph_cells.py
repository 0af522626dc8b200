import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.neighbors import NearestNeighbors

from spectralnet.graph import cells, neighbours
from spectralnet.graph.neighbours import nearest_neighbours


def clustered(d, spread, n=6000):
    """Draw clusters of several widths."""
    deviations = spread * np.linspace(0.2, 2, 12)
    x, _ = make_blobs(n, d, centers=12, cluster_std=deviations, random_state=0)
    return x.astype(np.float32)


def true_recall(x, found):
    truth = NearestNeighbors(n_neighbors=found.shape[1]).fit(x).kneighbors(return_distance=False)
    return (found[:, :, None] == truth[:, None, :]).any(axis=1).mean()


@pytest.fixture
def many(monkeypatch):
    """Make a few thousand rows as many as millions."""
    monkeypatch.setattr(neighbours, "EXACT_SEARCH_BUDGET", 0)


@pytest.mark.parametrize("recall", [0.8, 0.99])
@pytest.mark.parametrize(("d", "spread"), [(2, 1), (10, 0.3), (10, 3), (64, 1)])
def test_the_recall_that_is_asked_for_is_reached(many, d, spread, recall):
    x = clustered(d, spread)
    found = nearest_neighbours(x, 10, recall=recall)
    assert (found.search, found.recall >= recall) == ("approximate", True)
    assert true_recall(x, found.indices) == pytest.approx(found.recall, abs=0.02)


def test_few_wide_rows_need_no_projection():
    x = np.random.default_rng(0).normal(size=(50, 200)).astype(np.float32)
    found = nearest_neighbours(x, 10, "approximate")
    assert found.recall == true_recall(x, found.indices) == 1


def test_what_no_cells_reach_is_searched_exactly(many):
    """In 128 directions of rows without any, neighbours are not those of the rows."""
    x = np.random.default_rng(0).normal(size=(2000, 300)).astype(np.float32)
    found = nearest_neighbours(x, 10, recall=0.999)
    assert (found.search, found.recall) == ("exact", 1)
    assert true_recall(x, found.indices) == 1
    assert nearest_neighbours(x, 10, "approximate", recall=0.999).search == "approximate"


@pytest.mark.parametrize("d", [10, 200])
def test_cells_of_a_part_of_the_rows_hold_all(many, monkeypatch, d):
    """Beyond some millions, cells are fitted to a sample, and found by a graph of them."""
    for name, value in (("FITTED", 4000), ("FLAT_CELLS", 50), ("ROWS_AT_ONCE", 999)):
        monkeypatch.setattr(cells, name, value)
    monkeypatch.setattr(neighbours, "QUERIES_AT_ONCE", 1000)
    x = clustered(d, 1)
    x[:, 12:] /= 10
    found = nearest_neighbours(x, 10, recall=0.9)
    assert found.search == "approximate"
    assert true_recall(x, found.indices) == pytest.approx(found.recall, abs=0.02)
    assert found.recall >= 0.9
    again = nearest_neighbours(x, 10, recall=0.9)
    np.testing.assert_array_equal(again.indices, found.indices)
