"""Approximate search: an inverted file of cells, of which a point looks into the nearest."""

from collections.abc import Iterator
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.decomposition import TruncatedSVD

from spectralnet.errors import DataError
from spectralnet.matrices import Matrix, blocks, seeded_sample

# Wider rows are searched in their first principal directions, for more candidates.
PROJECTED_SIZE = 128
PROJECTED_CANDIDATES = 3
PROBED, PROJECTED_PROBED = 4, 32  # cells that are looked into at first
FITTED = 2**20  # rows that cells are fitted to
FITTED_DIRECTIONS = 2**17  # rows that directions are fitted to
POINTS_A_CELL = (39, 256)  # faiss's bounds of what one is fitted to
FITTED_TO_CELLS = 2**18  # rows, between those bounds
# Of more cells, the nearest are found by a graph of them (HNSW), ten times faster.
FLAT_CELLS = 2048
LINKS = 16  # of that graph, from each
ROWS_AT_ONCE = 2**16


class Cells:
    """Rows in the cells of an inverted file.

    Parameters
    ----------
    x : ndarray or csr_array of shape (n, d)
        Finite, float32. Beyond `FITTED` rows neither a moved copy nor a projection of all is
        made, but what the inverted file keeps.
    centre : ndarray of shape (d,) or None
        That dense rows are moved by.
    seed : int

    References
    ----------
    Jegou, Douze and Schmid, Product quantization for nearest neighbor search, PAMI 2011: the
    inverted file. Malkov and Yashunin, Efficient and robust approximate nearest neighbor search
    using hierarchical navigable small world graphs, PAMI 2020.
    """

    def __init__(self, x: Matrix, centre: NDArray[np.float32] | None, seed: int) -> None:
        self._x, self._centre, self._rows = x, centre, None
        (n, d), self._is_wide = x.shape, min(x.shape) > PROJECTED_SIZE
        self._directions = TruncatedSVD(PROJECTED_SIZE, n_iter=2, random_state=seed)
        if self._is_wide:
            self._directions.fit(self._moved(x[seeded_sample(n, FITTED_DIRECTIONS, seed)]))
        sample = seeded_sample(n, FITTED, seed)
        fitted = np.empty((len(sample), PROJECTED_SIZE if self._is_wide else d), np.float32)
        for some in blocks(len(sample), ROWS_AT_ONCE):
            fitted[some] = self._searched(sample[some])
        self._index = _empty_cells(fitted, n, seed)
        self._rows = fitted if n <= FITTED else None
        del fitted
        for some in blocks(n, ROWS_AT_ONCE):
            self._index.add(self._searched(np.arange(some.start, some.stop)))

    def numbers(self) -> Iterator[int]:
        """Return of how many cells to try, ascending to all."""
        number = PROJECTED_PROBED if self._is_wide else PROBED
        while number < self._index.nlist:
            yield number
            number += max(1, number // 4)
        yield self._index.nlist

    def order(self) -> NDArray[np.int64]:
        """Return all rows, cell by cell: in this order their cells are in the processor's cache."""
        lists: Any = self._index.invlists
        rows, start = np.empty(self._index.ntotal, dtype=np.int64), 0
        for cell in range(lists.nlist):
            if size := lists.list_size(cell):
                rows[start : start + size] = faiss.rev_swig_ptr(lists.get_ids(cell), size)
                start += size
        return rows

    def nearest(self, rows: NDArray[np.integer], k: int, n_probed: int) -> NDArray[np.int64]:
        """Return at least k near rows to these, themselves included: (len(rows), k or more)."""
        n = self._index.ntotal
        k = min(PROJECTED_CANDIDATES * k, n) if self._is_wide else k
        self._index.nprobe, queries = n_probed, self._searched(rows)
        found = self._index.search(queries, k)[1]
        short = (found < 0).any(axis=1)  # too few points in the cells that were searched
        if short.any():
            self._index.nprobe = self._index.nlist
            found[short] = self._index.search(queries[short], k)[1]
            if found.min() < 0:
                raise DataError("the graph of the cells does not lead to all: set search: exact")
        return found

    def _searched(self, rows: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return rows as the inverted file holds them."""
        if self._rows is not None:
            return self._rows[rows]
        x = self._moved(self._x[rows])
        if self._is_wide:
            x = self._directions.transform(x)
        elif isinstance(x, csr_array):
            x = x.toarray()
        return np.ascontiguousarray(x, dtype=np.float32)

    def _moved(self, x: Matrix) -> Matrix:
        return x if self._centre is None else x - self._centre


def _empty_cells(fitted: NDArray[np.float32], n: int, seed: int) -> faiss.IndexIVFFlat:
    """Fit the cells for n rows."""
    d = fitted.shape[1]
    n_cells = max(1, min(4 * int(np.sqrt(n)), min(n, FITTED) // POINTS_A_CELL[0]))
    index = faiss.IndexIVFFlat(faiss.IndexFlatL2(d), d, n_cells)
    index.cp.seed = seed % 2**31  # faiss's seeds are C integers
    least, most = POINTS_A_CELL
    index.cp.max_points_per_centroid = max(least, min(most, FITTED_TO_CELLS // n_cells))
    index.train(fitted)
    if n_cells <= FLAT_CELLS:
        return index
    graph, threads = faiss.IndexHNSWFlat(d, LINKS), faiss.omp_get_max_threads()
    try:
        faiss.omp_set_num_threads(1)  # more would link them in no fixed order
        graph.add(index.quantizer.reconstruct_n(0, n_cells))
    finally:
        faiss.omp_set_num_threads(threads)
    return faiss.IndexIVFFlat(graph, d, n_cells)
