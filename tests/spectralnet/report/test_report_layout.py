import numpy as np
from scipy.spatial.distance import cdist

from spectralnet.report import layout
from spectralnet.report.layout import lay_out


def test_neighbours_stay_together_and_small_clusters_apart(monkeypatch):
    monkeypatch.setattr(layout, "LANDMARKS", 90)
    generator = np.random.default_rng(0)
    clusters = np.repeat([0, 1, -1], [600, 200, 12])
    places = 10 * np.eye(3)[clusters] + generator.normal(size=(812, 3))
    flat = lay_out(places, clusters, seed=0)
    assert flat.shape == (812, 2)
    apart = cdist(flat, flat)
    np.fill_diagonal(apart, np.inf)
    assert (clusters[apart.argmin(axis=1)] == clusters).mean() > 0.98
    np.testing.assert_array_equal(flat, lay_out(places, clusters, seed=0))


def test_few_points_are_laid_out_too():
    for n in (1, 2, 5):
        flat = lay_out(np.eye(5)[:n], np.zeros(n, dtype=int), seed=0)
        assert flat.shape == (n, 2)
        assert len(np.unique(flat, axis=0)) == n
