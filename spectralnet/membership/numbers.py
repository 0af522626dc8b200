"""Numbers that clusters keep when they are found again."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from spectralnet.clusters.kmeans import SpectralCentroids, assign


def keep_numbers(
    found: SpectralCentroids, places: NDArray[np.float32], former: NDArray[np.int64]
) -> SpectralCentroids:
    """Order centroids so that clusters have the numbers that they had, as far as they can.

    One to one, so that as many points as possible keep their number.

    Parameters
    ----------
    found : SpectralCentroids
        k of them.
    places : ndarray of shape (n, c)
        Of the points in the eigenspace.
    former : ndarray of shape (n,)
        Their clusters before, below k; -1 where there is none.

    Returns
    -------
    SpectralCentroids
        Clusters that are new have the numbers that are left.
    """
    k, told = len(found.centroids), former >= 0
    counts = np.zeros((k, k))
    np.add.at(counts, (former[told], assign(places[told], found).clusters), 1)
    _, order = linear_sum_assignment(counts, maximize=True)
    return found._replace(centroids=found.centroids[order])
