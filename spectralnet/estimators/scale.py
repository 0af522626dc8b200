"""One scale for all columns of a table, whatever its outliers."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectralnet.data.preparation import Columns
from spectralnet.errors import DataError
from spectralnet.matrices import FAR, near_rows

LARGEST = 1e300


def fit_scale(x: NDArray[np.floating] | csr_array, names: list[str] | None) -> Columns:
    """Fit what centres dense rows, shape (n, d), and scales all columns by one factor.

    In their own precision, for what comes after is float32: far from 0, differences are lost in
    it, and the nets take values near 1. One factor keeps neighbours as they are. Outliers do not
    count, and are drawn in, which changes their distances alone. A sparse matrix is only scaled:
    its medians are 0 as a rule. Where differences may overflow, a `DataError` says so.
    """
    d, shift, reach = x.shape[1], None, None
    if (size := float(abs(x).max())) > LARGEST:
        raise DataError(
            f"X holds a number of magnitude {size:.3g}: divide X, to {LARGEST:g} at most"
        )
    if not isinstance(x, csr_array):
        shift, reach = np.median(x.astype(np.float64), axis=0), FAR
        x = x - shift
    largest = float(abs(x).max()) or 1.0  # whose square may overflow
    x = x / largest
    near = x[near_rows(x)]
    values = near.data if isinstance(near, csr_array) else near
    scale = largest * float(np.sqrt(np.sum(values**2) / (near.shape[0] * d))) or 1.0
    return Columns(d, shift=shift, scale=np.full(d, scale), names=names, reach=reach)
