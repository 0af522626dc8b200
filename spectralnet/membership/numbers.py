"""Numbers that clusters keep when they are found again."""

import numpy as np
from numpy.typing import NDArray

from spectralnet.clusters.kmeans import SpectralCentroids, assign
from spectralnet.clusters.noise import NOISE
from spectralnet.membership.calibration import best_match


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
    told = former != NOISE
    own = assign(places[told], found).clusters
    order = best_match(former[told], own, len(found.centroids))
    return found._replace(centroids=found.centroids[order])
