"""Which points belong nowhere: those much farther from others than these are from each other."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from spectralnet.matrices import Matrix

MOST = 2048  # references, or enough of each cluster where these are many
LEAST = 128  # however wide they are, where there are as many points
REFERENCE_BYTES = 2**24  # of references, in between: 16 MiB
SAME = 1e-4  # in parts of the usual reach: nearer is the point itself
NEAREST = 0.01  # a reach below, in parts of what is usual around, is no less usual
LEAST_SPREAD = 0.05  # of log distances


class References(NamedTuple):
    """Fitted points that others are compared with, and how far these are from each other."""

    points: NDArray[np.float32]  # (r, e), all different
    reaches: NDArray[np.float32]  # (r,), mean distance to the nearest others
    n_neighbours: int

    @property
    def usual(self) -> float:
        """The median reach, above 0."""
        return float(np.median(self.reaches)) or 1.0


def reference_rows(
    different: NDArray[np.int64],
    clusters: NDArray[np.int64],
    n_columns: int,
    n_neighbours: int,
    seed: int,
) -> NDArray[np.int64]:
    """Draw which points others are compared with.

    First of each cluster as many as its points have to have near, for few of a small cluster's
    would be among so many drawn of all; then others of all, until there are `MOST`.

    Parameters
    ----------
    different : ndarray of shape (m,)
        Rows of points, no two of them at one place.
    clusters : ndarray of shape (n,)
        Of all points, from 0.
    n_columns : int
        Of the points.
    n_neighbours : int
        That a point's remoteness is measured by.
    seed : int

    Returns
    -------
    ndarray of shape (r,)
        Some of `different`, ascending. Where enough of each cluster would take more than
        `REFERENCE_BYTES`, as many of each, `LEAST` of all.
    """
    drawn = np.random.default_rng(seed).permutation(different)
    counts = np.bincount(clusters[drawn])
    by_cluster = np.argsort(clusters[drawn], kind="stable")
    place = np.empty(len(drawn), dtype=np.int64)  # of each among those of its cluster
    place[by_cluster] = np.arange(len(drawn)) - np.repeat(np.cumsum(counts) - counts, counts)
    enough = n_neighbours + 1  # a reference has so many near beside itself
    n_references = min(
        max(MOST, enough * np.count_nonzero(counts)),
        max(LEAST, REFERENCE_BYTES // (np.float32().itemsize * n_columns)),
    )
    order = np.argsort(np.minimum(place, enough), kind="stable")
    return np.sort(drawn[order[:n_references]])


def fit_references(points: NDArray[np.float32], n_neighbours: int) -> References:
    """Measure how far different points, shape (r, e), r >= 2, are from their nearest others."""
    k = min(n_neighbours, len(points) - 1)
    distances, _ = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points).kneighbors()
    return References(points, distances.mean(axis=1).astype(np.float32), k)


def remoteness(x: Matrix, references: References) -> NDArray[np.float64]:
    """Measure how far points are from their nearest references, against what is usual there.

    log(r / max(r_around, r_usual)): r the mean distance to the k nearest references, r_around
    the median of these references' own, r_usual that of all. So a point of a sparse cluster is
    as good as one of a dense cluster, and one at a dense cluster's edge is no outlier for that.

    Parameters
    ----------
    x : ndarray or csr_array of shape (m, e)
        A reference that equals a row is not counted for it.
    references : References

    Returns
    -------
    ndarray of shape (m,)

    References
    ----------
    Breunig et al., LOF: Identifying density-based local outliers, SIGMOD 2000.
    """
    if x.shape[0] == 0:
        return np.empty(0)
    points, reaches, k = references
    search = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(points)
    distances, found = search.kneighbors(x)  # (m, k + 1)
    own = distances[:, 0] <= SAME * references.usual
    distances = np.where(own[:, None], distances[:, 1:], distances[:, :-1])  # (m, k)
    found = np.where(own[:, None], found[:, 1:], found[:, :-1])
    around = np.maximum(np.median(reaches[found], axis=1), references.usual)
    return np.log(np.maximum(distances.mean(axis=1) / around, NEAREST))


def middle_and_spread(values: NDArray[np.floating]) -> tuple[float, float]:
    """Return the median, and the median absolute deviation as a standard deviation."""
    middle = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - middle)))
    return middle, max(spread, LEAST_SPREAD)
