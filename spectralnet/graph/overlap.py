"""How many neighbours two neighbours share."""

import numpy as np
from numpy.typing import NDArray

ROWS_AT_ONCE = 256  # whose neighbours' neighbours fit a core's cache
COMPARED = 32  # neighbours, of which all triples are compared; of more, marks are looked up


def neighbour_overlap(
    indices: NDArray[np.int32], points: slice = slice(None)
) -> NDArray[np.float64]:
    """Compare each point's neighbourhood with those of its neighbours.

    Parameters
    ----------
    indices : ndarray of shape (n, k)
        Nearest neighbours; a point belongs to its own neighbourhood without being listed.
    points : slice, default=all
        The m points whose neighbourhoods are compared.

    Returns
    -------
    ndarray of shape (m, k)
        Jaccard coefficients of neighbourhoods, in (0, 1]: an edge has at least the
        neighbour itself in common.

    References
    ----------
    Jarvis and Patrick, Clustering using a similarity measure based on shared near
    neighbors, IEEE Transactions on Computers, 1973.
    """
    start, stop, _ = points.indices(len(indices))
    k = indices.shape[1]
    count = _by_comparing if k <= COMPARED else _by_marks
    shared = np.empty((stop - start, k), dtype=np.int64)
    for first in range(start, stop, ROWS_AT_ONCE):
        own = np.arange(first, min(stop, first + ROWS_AT_ONCE), dtype=indices.dtype)
        shared[own - start] = count(indices, own)
    return shared / (2 * (k + 1) - shared)


def _by_comparing(indices: NDArray[np.int32], own: NDArray[np.int32]) -> NDArray[np.int64]:
    """Count what is equal among all triples, k^3 a point, which a processor compares 64 at once."""
    mine = np.column_stack([own, indices[own]])  # (m, k + 1)
    theirs = np.concatenate([mine[:, 1:, None], indices[indices[own]]], axis=2)  # (m, k, k + 1)
    flat = theirs.reshape(len(own), -1)
    equal, shared = np.empty(flat.shape, bool), np.zeros(flat.shape, np.int8)
    for rank in range(mine.shape[1]):
        np.equal(flat, mine[:, rank, None], out=equal)
        shared += equal.view(np.int8)  # 0 or 1 in the end: a neighbourhood names none twice
    return shared.reshape(theirs.shape).sum(axis=2, dtype=np.int64)  # (m, k)


def _by_marks(indices: NDArray[np.int32], own: NDArray[np.int32]) -> NDArray[np.int64]:
    """Mark a point's neighbourhood, and look its neighbours' neighbours up: k^2 a point."""
    marked = np.zeros(len(indices), dtype=bool)
    shared = np.ones((len(own), indices.shape[1]), dtype=np.int64)  # the neighbour itself
    for i, point in enumerate(own):
        mine = indices[point]
        marked[mine] = marked[point] = True
        shared[i] += marked[indices[mine]].sum(axis=1)  # (k, k)
        marked[mine] = marked[point] = False
    return shared
