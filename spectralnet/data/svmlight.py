"""Sparse rows of a file in the svmlight format, whose columns count from 0 or from 1."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.datasets import load_svmlight_file

from spectralnet.matrices import as_csr


def read_svmlight(
    path: Path, n_columns: int | None, zero_based: bool | None
) -> tuple[csr_array, NDArray[Any], bool]:
    """Read rows and labels.

    Parameters
    ----------
    path : Path
    n_columns : int, optional
        By default as many as the file has.
    zero_based : bool, optional
        Whether columns count from 0. By default they do if there is a column 0; few rows, such as
        those to predict, may have none where those that were fitted had.

    Returns
    -------
    x : csr_array of shape (n, n_columns)
    labels : ndarray of shape (n,)
    zero_based : bool
        How they were counted.

    Raises
    ------
    ValueError
        If the file is damaged, or has more columns, or a column 0 where they count from 1.
    """
    x, labels = load_svmlight_file(str(path), zero_based=zero_based is not False)
    indices = x.indices
    if zero_based is None:
        zero_based = not len(indices) or int(indices.min()) == 0
        indices = indices if zero_based else indices - 1
    found = int(indices.max(initial=0)) + 1
    if n_columns is not None and found > n_columns:
        raise ValueError(f"it contains {found} features, and not {n_columns} at most")
    x = csr_array((x.data, indices, x.indptr), shape=(x.shape[0], n_columns or found))
    return as_csr(x), labels, zero_based
