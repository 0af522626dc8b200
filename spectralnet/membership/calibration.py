"""How sure a cluster is of its points: how often they keep it when a fit is repeated."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment, minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.metrics import pairwise_distances

from spectralnet.clusters.noise import NOISE

SHARPEST = 1e3  # in parts of the mean squared distance to the nearest centroid
BINS = 10


def squared_distances(
    places: NDArray[np.floating], centroids: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the squares from places, shape (m, c), to centroids, shape (k, c): (m, k)."""
    if len(places) == 0:
        return np.empty((0, len(centroids)))
    return pairwise_distances(places.astype(np.float64), centroids, metric="sqeuclidean")


def probabilities(squares: NDArray[np.floating], sharpness: float) -> NDArray[np.float64]:
    """Return softmax(-sharpness d^2) of squared distances, shape (m, k): rows sum to 1."""
    return softmax(-sharpness * squares, axis=1)


def best_match(
    clusters: NDArray[np.int64], others: NDArray[np.int64], n_clusters: int
) -> NDArray[np.int64]:
    """Match clusters with others, one to one, so that most points are in both of a match.

    Parameters
    ----------
    clusters, others : ndarray of shape (n,)
        From 0 to n_clusters - 1.
    n_clusters : int

    Returns
    -------
    ndarray of shape (n_clusters,)
        Which of the others each cluster is matched with.
    """
    counts = np.zeros((n_clusters, n_clusters))
    np.add.at(counts, (clusters, others), 1)
    return linear_sum_assignment(counts, maximize=True)[1]


def matched(
    clusters: NDArray[np.int64], others: NDArray[np.int64], n_clusters: int
) -> NDArray[np.int64]:
    """Call the clusters of another fit by the names that suit this one best, one to one.

    Parameters
    ----------
    clusters, others : ndarray of shape (n,)
        From 0 to n_clusters - 1; in `others` -1 where there is none, which stays.
    n_clusters : int

    Returns
    -------
    ndarray of shape (n,)
    """
    told = others != NOISE
    names = np.argsort(best_match(clusters[told], others[told], n_clusters))
    return np.where(told, names[others], NOISE)


def fit_sharpness(squares: NDArray[np.floating], repeated: Sequence[NDArray[np.int64]]) -> float:
    """Choose how fast probabilities fall with the distance: the likeliest, by repeated fits.

    Parameters
    ----------
    squares : ndarray of shape (n, k)
        Squared distances of the points to their centroids.
    repeated : sequence of ndarray of shape (n,)
        Clusters of the same points in other fits, `matched`; -1 where there is none. Without
        any, the sharpness is that of a mixture of normal distributions of one width.

    Returns
    -------
    float
        Of `probabilities`.

    References
    ----------
    Guo et al., On calibration of modern neural networks, ICML 2017, section 4.2: temperature
    scaling. There labels are the aim, here the clusters of other fits.
    """
    width = max(float(squares.min(axis=1).mean()), 1e-12)
    if not repeated:
        return 1 / (2 * width)
    rows = np.concatenate([np.flatnonzero(clusters >= 0) for clusters in repeated])
    aims = np.concatenate([clusters[clusters >= 0] for clusters in repeated])

    def loss(log_sharpness: float) -> float:
        logs = log_softmax(-np.exp(log_sharpness) / width * squares, axis=1)  # (n, k)
        return -float(logs[rows, aims].mean())

    most = float(np.log(SHARPEST))
    found = minimize_scalar(loss, bounds=(-most, most), method="bounded")
    return float(np.exp(found.x)) / width


def calibration(
    given: NDArray[np.floating], kept: NDArray[np.floating]
) -> tuple[float, NDArray[np.float64]]:
    """Hold probabilities against how often what they promise came true.

    Parameters
    ----------
    given : ndarray of shape (n,)
        Probabilities.
    kept : ndarray of shape (n,)
        How often it came true, from 0 to 1.

    Returns
    -------
    error : float
        Expected calibration error: the mean difference of the two over `BINS` bins of equal
        width, weighted by their numbers of points.
    bins : ndarray of shape (number of bins that hold points, 3)
        Mean of `given`, mean of `kept`, part of the points.

    References
    ----------
    Naeini, Cooper and Hauskrecht, Obtaining well calibrated probabilities using Bayesian
    binning, AAAI 2015.
    """
    place = np.minimum((given * BINS).astype(int), BINS - 1)
    bins = np.array(
        [
            (given[place == i].mean(), kept[place == i].mean(), np.mean(place == i))
            for i in np.unique(place)
        ]
    )
    return float(np.sum(np.abs(bins[:, 0] - bins[:, 1]) * bins[:, 2])), bins
