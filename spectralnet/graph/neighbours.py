"""Nearest neighbours of every point among all others, in O(nk) memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.decomposition import TruncatedSVD

from spectralnet.errors import DataError, ParameterError
from spectralnet.matrices import Matrix
from spectralnet.progress import progress_bar

# Multiply-adds that exact search may take: a minute on a few cores. Beyond it, an inverted file.
EXACT_SEARCH_BUDGET = 2e12
SPARSE_COST = 20  # of a sparse multiply-add, in dense ones
PAIR_COST = 100  # of ranking a pair of dense rows by its distance, in multiply-adds
RECALL_SAMPLE = 1000  # at most; of few rows a part, since a precise search takes its time
NO_BLAS = 2**31 - 1  # faiss's largest threshold
NEAR_TIE = 1e-5  # relative difference of distances that float32 does not tell apart
CENTRE_SAMPLE = 1000
# Candidates beyond k, since faiss's float32 distances may swap neighbours that are near-tied.
SPARE_CANDIDATES = 4
DIFFERENCES_AT_ONCE = 2**25
SIMILARITIES_AT_ONCE = 2**25
QUERIES_AT_ONCE = 8192  # of dense rows: faiss's own blocks are of 4096
# The inverted file searches wider rows in their first principal directions, for more candidates.
PROJECTED_SIZE = 128
PROJECTED_CANDIDATES = 3


Search = Callable[[NDArray[np.integer]], NDArray[np.int64]]  # rows, to the nearest of each


class Neighbours(NamedTuple):
    """The k nearest neighbours of n points, nearest first; no point is its own."""

    indices: NDArray[np.int32]  # (n, k)
    distances: NDArray[np.float32]  # (n, k)
    search: str
    recall: float


def nearest_neighbours(
    x: Matrix,
    n_neighbours: int,
    search: Literal["auto", "exact", "approximate"] = "auto",
    seed: int = 0,
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
        rows, exceeds `EXACT_SEARCH_BUDGET`. The cells are of the rows projected to `PROJECTED_SIZE`
        principal directions where they are wider; distances are always those of `x`.
    seed : int, default=0
        Of the inverted file's cells and of the rows on which its recall is measured.

    Returns
    -------
    Neighbours
        Indices and distances of shape (n, k), the search used, and its recall: the part
        of the true neighbours that it found, measured on up to `RECALL_SAMPLE` rows. An exact
        search that missed some is made again, precisely.

    Raises
    ------
    ParameterError
        If `n_neighbours` is not below n.
    DataError
        If squared distances are too large for float32.
    """
    n, d = x.shape
    if not 1 <= n_neighbours < n:
        raise ParameterError(
            f"n_neighbours = {n_neighbours} has to be in 1 ... {n - 1} for n = {n}"
        )
    if search == "auto":
        cost = float(n) * (x.nnz * SPARSE_COST if isinstance(x, csr_array) else n * (d + PAIR_COST))
        search = "exact" if cost <= EXACT_SEARCH_BUDGET else "approximate"
    near, points = _centred(x), np.arange(n)
    _check_range(near)
    n_candidates = min(n_neighbours + 1 + SPARE_CANDIDATES, n)
    n_measured = min(n, RECALL_SAMPLE, max(200, n // 20))
    rows = np.random.default_rng(seed).choice(n, n_measured, replace=False)
    with _precise(x) as precise:
        truth = _nearest(precise, rows, n_neighbours + 1)
    farthest = _sorted_by_distance(x, rows, truth)[1][:, n_neighbours - 1 :][:, :1]

    def nearest_of(found: NDArray[np.int64]) -> Neighbours:
        indices, distances = _sorted_by_distance(x, points, found)
        indices, distances = indices[:, :n_neighbours], distances[:, :n_neighbours]
        recall = float(np.mean(distances[rows] <= farthest * (1 + NEAR_TIE)))
        return Neighbours(indices, distances, search, recall)

    if search == "approximate":
        return nearest_of(_nearest_in_cells(near, n_candidates, seed))
    neighbours = nearest_of(_nearest(near, points, n_candidates))
    if neighbours.recall == 1:
        return neighbours
    with _precise(x) as precise:
        return nearest_of(_nearest(precise, points, n_candidates))


def _centred(x: Matrix) -> Matrix:
    """Move dense rows to the origin: far from it faiss's sums cancel (`_sorted_by_distance`).

    Most of them, that is: a mean would follow a few large values away from the rest.
    """
    if isinstance(x, csr_array):
        return x
    centre = np.median(x[:: len(x) // CENTRE_SAMPLE + 1], axis=0).astype(np.float32)
    with np.errstate(over="ignore"):  # what then is infinite is refused
        return np.ascontiguousarray(x - centre, dtype=np.float32)


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


def _check_range(x: Matrix) -> None:
    """Refuse values so large that squared distances may overflow: all d differences twice it."""
    values = x.data if isinstance(x, csr_array) else x
    largest = max(float(values.max(initial=0)), -float(values.min(initial=0)))
    if not x.shape[1] * (2 * largest) ** 2 <= float(np.finfo(np.float32).max):
        raise DataError(f"distances exceed float32, values reach {largest:.3g}: scale them")


def _nearest(x: Matrix, rows: NDArray[np.integer], k: int) -> NDArray[np.int64]:
    """Return the k nearest of all rows to some rows, themselves included: (len(rows), k)."""
    found = np.empty((len(rows), k), dtype=np.int64)
    search, chunk = _farness_search(x, k) if isinstance(x, csr_array) else _faiss_search(x, k)
    with progress_bar("neighbours", len(rows), delay=2) as progress:
        for start in range(0, len(rows), chunk):
            queries = rows[start : start + chunk]
            found[start : start + chunk] = search(queries)
            progress.update(len(queries))
    return found


def _faiss_search(x: NDArray[np.float32], k: int) -> tuple[Search, int]:
    def search(rows: NDArray[np.integer]) -> NDArray[np.int64]:
        return faiss.knn(x[rows], x, k)[1]

    return search, QUERIES_AT_ONCE


def _farness_search(x: csr_array, k: int) -> tuple[Search, int]:
    half_squares = np.asarray(x.multiply(x).sum(axis=1)).ravel() / 2  # (n,)

    def search(rows: NDArray[np.integer]) -> NDArray[np.int64]:
        queries = x[rows].toarray()  # (m, d)
        farness = np.ascontiguousarray((half_squares[:, None] - x @ queries.T).T)  # (m, n)
        return np.argpartition(farness, k - 1, axis=1)[:, :k]

    return search, max(1, SIMILARITIES_AT_ONCE // max(x.shape))


def _nearest_in_cells(x: Matrix, k: int, seed: int) -> NDArray[np.int64]:
    """Return at least k near rows to every row, itself included: (n, k or more)."""
    n, d = x.shape
    if d > PROJECTED_SIZE:
        projection = TruncatedSVD(PROJECTED_SIZE, n_iter=2, random_state=seed)
        x = np.ascontiguousarray(projection.fit_transform(x), dtype=np.float32)
        k = min(PROJECTED_CANDIDATES * k, n)
    elif isinstance(x, csr_array):
        x = x.toarray()
    found = _inverted_file(x, seed).search(x, k)[1]
    short = (found < 0).any(axis=1)  # too few points in the cells that were searched
    if short.any():
        found[short] = faiss.knn(x[short], x, k)[1]
    return found


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
    x: Matrix, points: NDArray[np.int64], found: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Order what was found near points, but for these, by distances summed from differences.

    faiss expands |a - b|^2 of wide rows into |a|^2 - 2ab + |b|^2, which in float32 gives close
    points and duplicates a distance of noise.
    """
    indices = _without_self(found, points)
    distances = np.empty(indices.shape, dtype=np.float32)
    width = x.nnz // x.shape[0] + 1 if isinstance(x, csr_array) else x.shape[1]
    chunk = max(1, DIFFERENCES_AT_ONCE // (indices.shape[1] * width))
    for start in range(0, len(indices), chunk):
        rows = slice(start, start + chunk)
        if isinstance(x, csr_array):
            own = points[rows].repeat(indices.shape[1])
            apart = x[own] - x[indices[rows].ravel()]  # (chunk * k, d)
            squares = apart.multiply(apart).sum(axis=1).reshape(-1, indices.shape[1])
        else:
            difference = x[points[rows], None, :] - x[indices[rows]]  # (chunk, k, d)
            squares = np.einsum("nkd,nkd->nk", difference, difference)
        distances[rows] = np.sqrt(squares)
    order = np.argsort(distances, axis=1, kind="stable")
    return (
        np.take_along_axis(indices, order, axis=1).astype(np.int32),
        np.take_along_axis(distances, order, axis=1),
    )
