"""Nearest neighbours of every point among all others, in O(nk) memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal, NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectralnet.errors import ParameterError
from spectralnet.graph.cells import Cells
from spectralnet.graph.distances import Rows, centre_of, check_range, distances_between
from spectralnet.matrices import Matrix
from spectralnet.progress import progress_bar

# Multiply-adds that exact search may take: 20 s of a core. Beyond it, an inverted file.
EXACT_SEARCH_BUDGET = 7e11
EXACT_AT_WORST = 2e13  # where that misses too many: ten minutes
MEASURED_BUDGET = 5e10  # for the true neighbours of a sample
SPARSE_COST = 20  # of a sparse multiply-add, in dense ones
PAIR_COST = 100  # of ranking a pair of dense rows by its distance, in multiply-adds
RECALL_SAMPLE = (200, 1000)  # rows; fewer where a precise search takes its time
NO_BLAS = 2**31 - 1  # faiss's largest threshold
NEAR_TIE = 1e-5  # relative difference of distances that float32 does not tell apart
# Candidates beyond k, since faiss's float32 distances may swap neighbours that are near-tied.
SPARE_CANDIDATES = 4
SIMILARITIES_AT_ONCE = 2**25
QUERIES_AT_ONCE = 8192  # faiss's own blocks are of 4096

Search = Callable[[Rows], NDArray[np.int64]]  # rows, to the nearest of each
Found = tuple[NDArray[np.int32], NDArray[np.float32]]  # indices and distances


class Neighbours(NamedTuple):
    """The k nearest neighbours of n points, nearest first; no point is its own."""

    indices: NDArray[np.int32]  # (n, k)
    distances: NDArray[np.float32]  # (n, k)
    search: str  # "exact", "approximate", or "known": along the edges of a graph, made before
    recall: float  # of "known", 1: of what that graph's own search found


def nearest_neighbours(
    x: Matrix,
    n_neighbours: int,
    search: Literal["auto", "exact", "approximate"] = "auto",
    seed: int = 0,
    recall: float = 0.95,
) -> Neighbours:
    """Find the Euclidean nearest neighbours of every row among the other rows.

    Parameters
    ----------
    x : ndarray or csr_array of shape (n, d)
        Finite, float32. Neighbours by the cosine are those of unit rows.
    n_neighbours : int
        k, below n.
    search : {"auto", "exact", "approximate"}, default="auto"
        Compare all pairs of rows, or look into the nearest cells of an inverted file
        only; "auto" takes the exact search unless its cost, n^2 (d + `PAIR_COST`) for dense
        rows, exceeds `EXACT_SEARCH_BUDGET`. Distances are always those of `x`: see
        `spectralnet.graph.cells.Cells`.
    seed : int, default=0
        Of the inverted file's cells and of the rows on which its recall is measured.
    recall : float, default=0.95
        Of the approximate search, on the measured rows: it looks into a quarter more cells until
        it is reached. If all do not do, "auto" searches exactly, up to `EXACT_AT_WORST`.

    Returns
    -------
    Neighbours
        Indices and distances of shape (n, k), the search used, and its recall: the part
        of the true neighbours that it found, measured on some rows (`RECALL_SAMPLE`). An exact
        search that missed some is made again, precisely.

    Raises
    ------
    ParameterError
        If `n_neighbours` is not below n.
    DataError
        If squared distances are too large for float32.
    """
    n = x.shape[0]
    if not 1 <= n_neighbours < n:
        raise ParameterError(
            f"n_neighbours = {n_neighbours} has to be in 1 ... {n - 1} for n = {n}"
        )
    cost, centre = float(n) * _cost(x), centre_of(x)
    check_range(x, centre)
    rows = np.random.default_rng(seed).choice(n, _n_measured(x), replace=False)
    with _precise(x) as precise:
        truth = _nearest(precise, rows, n_neighbours + 1)
    farthest = _sorted_by_distance(x, rows, truth)[1][:, [n_neighbours - 1]]
    n_candidates = min(n_neighbours + 1 + SPARE_CANDIDATES, n)

    def recall_of(distances: NDArray[np.float32]) -> float:
        return float(np.mean(distances <= farthest * (1 + NEAR_TIE)))

    def nearest_of(name: str, nearest: Search, order: Rows | None = None) -> Neighbours:
        indices, distances = _of_all(x, n_neighbours, nearest, order)
        return Neighbours(indices, distances, name, recall_of(distances[rows]))

    if search == "approximate" or (search == "auto" and cost > EXACT_SEARCH_BUDGET):
        cells, reached = Cells(x, centre, seed), 0.0
        for n_probed in cells.numbers():
            near = cells.nearest(rows, n_candidates, n_probed)
            reached = recall_of(_sorted_by_distance(x, rows, near)[1][:, :n_neighbours])
            if reached >= recall:
                break
        if reached >= recall or search == "approximate" or cost > EXACT_AT_WORST:
            nearest = partial(cells.nearest, k=n_candidates, n_probed=n_probed)
            return nearest_of("approximate", nearest, cells.order())
    moved = x if centre is None else np.ascontiguousarray(x - centre, dtype=np.float32)
    neighbours = nearest_of("exact", lambda some: _nearest(moved, some, n_candidates))
    if neighbours.recall == 1:
        return neighbours
    with _precise(x) as precise:
        return nearest_of("exact", lambda some: _nearest(precise, some, n_candidates))


def _cost(x: Matrix) -> float:
    """Return the multiply-adds that comparing a row with all others takes."""
    n, d = x.shape
    return max(1, x.nnz) * SPARSE_COST if isinstance(x, csr_array) else n * (d + PAIR_COST)


def _n_measured(x: Matrix) -> int:
    """Return on how many rows the recall is measured."""
    n, (least, most) = x.shape[0], RECALL_SAMPLE
    return min(n, max(least, min(most, n // 20, int(MEASURED_BUDGET / _cost(x)))))


def _of_all(x: Matrix, k: int, nearest: Search, order: Rows | None) -> Found:
    """Take the k nearest of what is found near each row, a block of rows at a time: (n, k)."""
    n = x.shape[0]
    order = np.arange(n) if order is None else order
    indices, distances = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
    with progress_bar("neighbours", n, delay=2) as progress:
        for start in range(0, n, QUERIES_AT_ONCE):
            some = order[start : start + QUERIES_AT_ONCE]
            near, apart = _sorted_by_distance(x, some, nearest(some))
            indices[some], distances[some] = near[:, :k], apart[:, :k]
            progress.update(len(some))
    return indices, distances


@contextmanager
def _precise(x: Matrix) -> Iterator[Matrix]:
    """Let the search inside the block tell neighbours apart however far the rows lie: slower.

    In wide rows faiss expands |a - b|^2, which in float32 cancels where rows are far from their
    middle, as those of several places are; without BLAS it sums differences. Sparse rows are
    expanded in double precision.
    """
    if isinstance(x, csr_array):
        yield csr_array(x, dtype=np.float64)
        return
    usual = faiss.cvar.distance_compute_blas_threshold
    faiss.cvar.distance_compute_blas_threshold = NO_BLAS
    try:
        yield np.ascontiguousarray(x, dtype=np.float32)
    finally:
        faiss.cvar.distance_compute_blas_threshold = usual


def _nearest(x: Matrix, rows: Rows, k: int) -> NDArray[np.int64]:
    """Return the k nearest of all rows to some rows, themselves included: (len(rows), k)."""
    found = np.empty((len(rows), k), dtype=np.int64)
    search, chunk = _farness_search(x, k) if isinstance(x, csr_array) else _faiss_search(x, k)
    for start in range(0, len(rows), chunk):
        found[start : start + chunk] = search(rows[start : start + chunk])
    return found


def _faiss_search(x: NDArray[np.float32], k: int) -> tuple[Search, int]:
    def search(rows: Rows) -> NDArray[np.int64]:
        return faiss.knn(x[rows], x, k)[1]

    return search, QUERIES_AT_ONCE


def _farness_search(x: csr_array, k: int) -> tuple[Search, int]:
    """Return a search for k sparse rows: by |b|^2 / 2 - ab, which orders as the distance does."""
    half_squares = np.asarray(x.multiply(x).sum(axis=1)).ravel() / 2  # (n,)

    def search(rows: Rows) -> NDArray[np.int64]:
        queries = x[rows].toarray()  # (m, d)
        farness = np.ascontiguousarray((half_squares[:, None] - x @ queries.T).T)  # (m, n)
        return np.argpartition(farness, k - 1, axis=1)[:, :k]

    return search, max(1, SIMILARITIES_AT_ONCE // max(x.shape))


def _without_self(found: NDArray[np.int64], points: Rows) -> NDArray[np.int64]:
    """Drop each point's own index, wherever duplicates have put it, or else the farthest."""
    own = found == points[:, None]
    own[~own.any(axis=1), -1] = True
    return found[~own].reshape(len(found), -1)


def _sorted_by_distance(x: Matrix, points: Rows, found: NDArray[np.int64]) -> Found:
    """Order what was found near points, but for these, by their `distances_between`."""
    indices = _without_self(found, points)
    own = points.repeat(indices.shape[1])
    distances = distances_between(x, own, indices.ravel()).reshape(indices.shape)
    order = np.argsort(distances, axis=1, kind="stable")
    nearest = np.take_along_axis(indices, order, axis=1).astype(np.int32)
    return nearest, np.take_along_axis(distances, order, axis=1)
