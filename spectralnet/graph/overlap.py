"""How many neighbours two neighbours share."""

import numpy as np
from numpy.typing import NDArray

ROWS_AT_ONCE = 256  # whose neighbours' neighbours fit a core's cache


def neighbour_overlap(indices: NDArray[np.int32]) -> NDArray[np.float64]:
    """Compare each point's neighbourhood with those of its neighbours.

    Parameters
    ----------
    indices : ndarray of shape (n, k)
        Nearest neighbours; a point belongs to its own neighbourhood without being listed.

    Returns
    -------
    ndarray of shape (n, k)
        Jaccard coefficients of neighbourhoods, in (0, 1]: an edge has at least the
        neighbour itself in common.

    References
    ----------
    Jarvis and Patrick, Clustering using a similarity measure based on shared near
    neighbors, IEEE Transactions on Computers, 1973.
    """
    return overlap_of(indices, slice(None))


def overlap_of(indices: NDArray[np.int32], points: slice) -> NDArray[np.float64]:
    """Compare neighbourhoods as `neighbour_overlap` does, for some of the points: (m, k)."""
    start, stop, _ = points.indices(len(indices))
    k = indices.shape[1]
    overlap = np.empty((stop - start, k))
    for first in range(start, stop, ROWS_AT_ONCE):
        own = np.arange(first, min(stop, first + ROWS_AT_ONCE), dtype=indices.dtype)
        mine = np.column_stack([own, indices[own]])  # (m, k + 1)
        theirs = np.concatenate([mine[:, 1:, None], indices[indices[own]]], axis=2)  # (m, k, k + 1)
        flat = theirs.reshape(len(own), -1)
        equal, shared = np.empty(flat.shape, bool), np.zeros(flat.shape, np.int8)
        for rank in range(k + 1):
            np.equal(flat, mine[:, rank, None], out=equal)
            shared += equal.view(np.int8)  # 0 or 1 in the end: a neighbourhood names none twice
        counts = shared.reshape(theirs.shape).sum(axis=2, dtype=np.int64)  # (m, k)
        overlap[own - start] = counts / (2 * (k + 1) - counts)
    return overlap
