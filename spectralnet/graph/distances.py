"""How far rows are apart, summed from differences, and what they are moved by before products."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.utils.extmath import row_norms

from spectralnet.errors import DataError
from spectralnet.matrices import Matrix

CENTRE_SAMPLE = 1000
DIFFERENCES_AT_ONCE = 2**18  # which a cache holds

Rows = NDArray[np.integer]


def centre_of(x: Matrix) -> NDArray[np.float32] | None:
    """Return what dense rows are moved by: far from 0 sums of products cancel.

    The middle of most of them, that is: a mean would follow a few large values away from the rest.
    """
    if isinstance(x, csr_array):
        return None
    return np.median(x[:: len(x) // CENTRE_SAMPLE + 1], axis=0).astype(np.float32)


def check_range(x: Matrix, centre: NDArray[np.float32] | None) -> None:
    """Refuse values so large that squared distances may overflow: all d differences twice it."""
    if isinstance(x, csr_array):
        lowest, highest = x.data.min(initial=0), x.data.max(initial=0)
    else:
        with np.errstate(over="ignore"):  # what then is infinite is refused
            lowest, highest = x.min(axis=0) - centre, x.max(axis=0) - centre
    largest = float(max(np.max(highest), -np.min(lowest), 0))
    if not x.shape[1] * (2 * largest) ** 2 <= float(np.finfo(np.float32).max):
        raise DataError(f"distances exceed float32, values reach {largest:.3g}: scale them")


def distances_between(x: Matrix, rows: Rows, others: Rows) -> NDArray[np.float32]:
    """Measure how far rows of x, shape (n, d), are from others, shape (m,) each: (m,).

    |a|^2 - 2ab + |b|^2 in float32 would give close points and duplicates a distance of noise.
    """
    distances = np.empty(len(rows), dtype=np.float32)
    width = x.nnz // x.shape[0] + 1 if isinstance(x, csr_array) else x.shape[1]
    chunk = max(1, DIFFERENCES_AT_ONCE // width)
    for start in range(0, len(rows), chunk):
        some = slice(start, start + chunk)
        if isinstance(x, csr_array):
            apart = x[rows[some]] - x[others[some]]  # (chunk, d)
        else:
            apart = x.take(rows[some], axis=0)
            apart -= x.take(others[some], axis=0)
        distances[some] = row_norms(apart)
    return distances
