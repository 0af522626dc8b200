"""Nearest neighbours of more points: what is known of the former ones is not searched again."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, triu
from sklearn.utils.extmath import row_norms, safe_sparse_dot

from spectralnet.graph.distances import centre_of, check_range, distances_between
from spectralnet.graph.neighbours import NEAR_TIE, SPARE_CANDIDATES, Neighbours
from spectralnet.matrices import Matrix

PRODUCTS_AT_ONCE = 2**24
ROUNDING = 1e-12  # of squared lengths, more than products lose

Pairs = tuple[NDArray[np.integer], NDArray[np.integer]]  # rows, columns


def neighbours_in(graph: csr_array, x: Matrix, k: int) -> Neighbours | None:
    """Find the k nearest neighbours of points, shape (n, d), along the edges of a graph.

    Those are the nearest of all if the graph, shape (n, n), was made of them: its `search` is
    "known", and the recall 1, also where an approximate search, which the graph does not tell of,
    had missed some. None where a point has fewer edges.
    """
    if np.diff(graph.indptr).min(initial=k) < k:
        return None
    one, other = triu(graph, k=1).coords
    lengths = distances_between(x, one, other)
    both = np.concatenate([one, other]), np.concatenate([other, one])
    return Neighbours(*_nearest(x, both, k, np.tile(lengths, 2)), "known", 1.0)


def grown_neighbours(known: Neighbours, x: Matrix) -> Neighbours:
    """Find the nearest neighbours of all points, those of the first being known among themselves.

    Each new row is compared with all: n m products in place of n^2.

    Parameters
    ----------
    known : Neighbours
        Of the first rows, shape (n - m, k).
    x : ndarray or csr_array of shape (n, d)
        All different.

    Returns
    -------
    Neighbours
        Of shape (n, k): the exact ones, where those that are known are.

    Raises
    ------
    DataError
        If squared distances are too large for float32.
    """
    former, k = known.indices.shape
    n = x.shape[0]
    centre = centre_of(x)
    check_range(x, centre)
    # In float32 products of rows far from the middle, as of groups far apart, tell no neighbours.
    near = x.astype(np.float64)
    if centre is not None:
        near -= centre
    squares = row_norms(near, squared=True) * (1 - ROUNDING)  # (n,)
    reach = (known.distances[:, -1].astype(np.float64) * (1 + NEAR_TIE)) ** 2
    found: list[Pairs] = [(np.repeat(np.arange(former), k), known.indices.ravel())]
    candidates = min(k + SPARE_CANDIDATES, n - 1)
    chunk = max(1, PRODUCTS_AT_ONCE // n)
    for start in range(former, n, chunk):
        new = np.arange(start, min(start + chunk, n))
        least = safe_sparse_dot(near[new], near.T, dense_output=True)  # (c, n)
        least *= -2
        least += squares
        least += squares[new][:, None]  # no more than the squared distances
        least[np.arange(len(new)), new] = np.inf
        nearest = np.argpartition(least, candidates - 1, axis=1)[:, :candidates]
        found.append((np.repeat(new, nearest.shape[1]), nearest.ravel()))
        at, of = np.nonzero(least[:, :former] <= reach)  # new ones that may displace known ones
        found.append((of, new[at]))
    rows, columns = (np.concatenate(ends) for ends in zip(*found, strict=True))
    more = slice(known.distances.size, None)
    apart = distances_between(x, rows[more], columns[more])
    distances = np.concatenate([known.distances.ravel(), apart])
    return Neighbours(*_nearest(x, (rows, columns), k, distances), known.search, known.recall)


def _nearest(
    x: Matrix, pairs: Pairs, k: int, distances: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Take the k nearest columns of each row, of pairs of which it has as many: (n, k) each."""
    rows, columns = pairs
    order = np.lexsort((columns, distances, rows))
    counts = np.bincount(rows, minlength=x.shape[0])
    first = np.cumsum(counts) - counts
    kept = order[first[:, None] + np.arange(k)]  # (n, k)
    return columns[kept].astype(np.int32), distances[kept]
