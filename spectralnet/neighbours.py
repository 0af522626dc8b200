"""Nearest neighbours of every point among all others, in O(nk) memory."""

from typing import Literal, NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray

from spectralnet.errors import ParameterError

# Multiply-adds that exact search may take: minutes on a few cores. Beyond it, an inverted file.
EXACT_SEARCH_BUDGET = 2e13
RECALL_SAMPLE = 1000
# Candidates beyond k, since faiss's float32 distances may swap neighbours that are near-tied.
SPARE_CANDIDATES = 4
DIFFERENCES_AT_ONCE = 2**25


class Neighbours(NamedTuple):
    """The k nearest neighbours of n points, nearest first; no point is its own."""

    indices: NDArray[np.int32]  # (n, k)
    distances: NDArray[np.float32]  # (n, k)
    search: str
    recall: float


def nearest_neighbours(
    x: NDArray[np.float32],
    n_neighbours: int,
    search: Literal["auto", "exact", "approximate"] = "auto",
    seed: int = 0,
) -> Neighbours:
    """Find the Euclidean nearest neighbours of every row among the other rows.

    Parameters
    ----------
    x : ndarray of shape (n, d)
        Finite, float32.
    n_neighbours : int
        k, below n.
    search : {"auto", "exact", "approximate"}, default="auto"
        Compare all pairs of rows, or look into the nearest cells of an inverted file
        only; "auto" takes the exact search unless n^2 d exceeds `EXACT_SEARCH_BUDGET`.
    seed : int, default=0
        Of the inverted file's cells and of the rows on which its recall is measured.

    Returns
    -------
    Neighbours
        Indices and distances of shape (n, k), the search used, and its recall: the part
        of the true neighbours that it found, measured on `RECALL_SAMPLE` rows.

    Raises
    ------
    ParameterError
        If `n_neighbours` is not below n.
    """
    n, d = x.shape
    if not 1 <= n_neighbours < n:
        raise ParameterError(
            f"n_neighbours = {n_neighbours} has to be in 1 ... {n - 1} for n = {n}"
        )
    if search == "auto":
        search = "exact" if float(n) * n * d <= EXACT_SEARCH_BUDGET else "approximate"
    x = np.ascontiguousarray(x, dtype=np.float32)
    n_candidates = min(n_neighbours + 1 + SPARE_CANDIDATES, n)
    if search == "exact":
        found, recall = faiss.knn(x, x, n_candidates)[1], 1.0
    else:
        found = _inverted_file(x, seed).search(x, n_candidates)[1]
        short = (found < 0).any(axis=1)  # too few points in the cells that were searched
        if short.any():
            found[short] = faiss.knn(x[short], x, n_candidates)[1]
        rows = np.random.default_rng(seed).choice(n, min(n, RECALL_SAMPLE), replace=False)
        truth = _without_self(faiss.knn(x[rows], x, n_neighbours + 1)[1], rows)
        recall = float(np.mean((found[rows][:, :, None] == truth[:, None, :]).any(axis=1)))
    indices, distances = _sorted_by_distance(x, _without_self(found, np.arange(n)))
    return Neighbours(indices[:, :n_neighbours], distances[:, :n_neighbours], search, recall)


def _inverted_file(x: NDArray[np.float32], seed: int) -> faiss.IndexIVFFlat:
    n, d = x.shape
    n_cells = max(1, min(4 * int(np.sqrt(n)), n // 39))  # faiss wants 39 points a cell
    index = faiss.IndexIVFFlat(faiss.IndexFlatL2(d), d, n_cells)
    index.cp.seed = seed % 2**31  # faiss's seeds are C integers
    index.train(x)
    index.add(x)
    index.nprobe = max(1, min(n_cells, 32))
    return index


def _without_self(found: NDArray[np.int64], points: NDArray[np.int64]) -> NDArray[np.int64]:
    """Drop each point's own index, wherever duplicates have put it, or else the farthest."""
    own = found == points[:, None]
    own[~own.any(axis=1), -1] = True
    return found[~own].reshape(len(found), -1)


def _sorted_by_distance(
    x: NDArray[np.float32], indices: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Order neighbours by distances that are summed from differences.

    faiss expands |a - b|^2 into |a|^2 - 2ab + |b|^2, which in float32 gives close points
    and duplicates a distance of noise.
    """
    distances = np.empty(indices.shape, dtype=np.float32)
    chunk = max(1, DIFFERENCES_AT_ONCE // (indices.shape[1] * x.shape[1]))
    for start in range(0, len(x), chunk):
        rows = slice(start, start + chunk)
        difference = x[rows, None, :] - x[indices[rows]]  # (chunk, k, d)
        distances[rows] = np.sqrt(np.einsum("nkd,nkd->nk", difference, difference))
    order = np.argsort(distances, axis=1, kind="stable")
    return (
        np.take_along_axis(indices, order, axis=1).astype(np.int32),
        np.take_along_axis(distances, order, axis=1),
    )
