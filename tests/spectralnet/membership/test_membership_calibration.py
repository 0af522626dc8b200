import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import expit

from spectralnet.membership.calibration import (
    calibration,
    fit_sharpness,
    matched,
    probabilities,
    squared_distances,
)


def test_the_sharpness_is_that_by_which_clusters_were_drawn():
    """Two centroids at -1 and 1: the log odds at x are 4 s x."""
    random = np.random.default_rng(0)
    places, centroids = random.uniform(-1, 1, (4000, 1)), np.array([[-1.0], [1.0]])
    squares = squared_distances(places, centroids)
    np.testing.assert_allclose(squares, cdist(places, centroids) ** 2)
    shares = expit(4 * 1.5 * places[:, 0])
    np.testing.assert_allclose(probabilities(squares, 1.5)[:, 1], shares)
    drawn = [(random.random(4000) < shares).astype(int) for _ in range(3)]
    assert fit_sharpness(squares, drawn) == pytest.approx(1.5, rel=0.05)
    drawn[0][:2000] = -1  # where a fit says nothing
    assert fit_sharpness(squares, drawn) == pytest.approx(1.5, rel=0.05)
    error, bins = calibration(shares, drawn[1])
    assert error < 0.03
    assert bins[:, 2].sum() == pytest.approx(1)


def test_calibration_is_the_mean_gap_of_its_bins():
    given, kept = np.array([0.95, 0.95, 0.05, 0.05]), np.array([1, 0, 0, 0])
    error, bins = calibration(given, kept)
    np.testing.assert_allclose(bins, [[0.05, 0, 0.5], [0.95, 0.5, 0.5]])
    assert error == pytest.approx(0.25)


def test_without_another_fit_the_width_decides():
    squares = np.array([[1.0, 9.0], [4.0, 3.0]])
    assert fit_sharpness(squares, []) == pytest.approx(1 / (2 * 2))


def test_other_fits_get_the_names_that_suit_best():
    own, other = np.array([0, 0, 1, 1, 2, 2]), np.array([2, 2, 0, 0, -1, 1])
    np.testing.assert_array_equal(matched(own, other, 3), [0, 0, 1, 1, -1, 2])
