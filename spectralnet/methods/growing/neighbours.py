"""Nearest neighbours of more points: what is known of the former ones is not searched again."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, triu
from sklearn.utils.extmath import row_norms, safe_sparse_dot

from spectralnet.errors import DataError
from spectralnet.graph.neighbours import Neighbours
from spectralnet.matrices import Matrix

PRODUCTS_AT_ONCE = 2**24
DIFFERENCES_AT_ONCE = 2**18  # which a cache holds
ROUNDING = 1e-5  # of squared lengths, more than float32's products lose
SPARE = 4  # candidates beyond k, for the same reason
CENTRE_SAMPLE = 1000

Pairs = tuple[NDArray[np.integer], NDArray[np.integer]]  # rows, columns


def neighbours_in(graph: csr_array, x: Matrix, k: int) -> Neighbours | None:
    """Find the k nearest neighbours of points, shape (n, d), along the edges of a graph.

    Those are the nearest of all if the graph, shape (n, n), was made of them. None where a point
    has fewer edges.
    """
    if np.diff(graph.indptr).min(initial=k) < k:
        return None
    one, other = triu(graph, k=1).coords
    lengths = _lengths(x, (one, other))
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
    near = x.astype(np.float64) if isinstance(x, csr_array) else _centred(x)
    with np.errstate(over="ignore"):
        squares = row_norms(near, squared=True) * (1 - ROUNDING)  # (n,)
    if not squares.max() < np.finfo(np.float32).max / 4:
        raise DataError("distances exceed float32: scale the rows")
    reach = known.distances[:, -1] ** 2
    found: list[Pairs] = [(np.repeat(np.arange(former), k), known.indices.ravel())]
    candidates = min(k + SPARE, n - 1)
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
    known_ones = known.distances.size
    distances = np.concatenate(
        [known.distances.ravel(), _lengths(x, (rows[known_ones:], columns[known_ones:]))]
    )
    return Neighbours(*_nearest(x, (rows, columns), k, distances), known.search, known.recall)


def _centred(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move rows to the origin, far from which products cancel."""
    return x - np.median(x[:: len(x) // CENTRE_SAMPLE + 1], axis=0).astype(np.float32)


def _lengths(x: Matrix, pairs: Pairs) -> NDArray[np.float32]:
    """Measure how far the rows of pairs are apart, from their differences."""
    rows, columns = pairs
    distances = np.empty(len(rows), dtype=np.float32)
    width = x.nnz // x.shape[0] + 1 if isinstance(x, csr_array) else x.shape[1]
    chunk = max(1, DIFFERENCES_AT_ONCE // width)
    for start in range(0, len(rows), chunk):
        some = slice(start, start + chunk)
        distances[some] = row_norms(x[rows[some]] - x[columns[some]])
    return distances


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
