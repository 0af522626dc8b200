"""Checks that come before any long work."""

import os
import sys
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectralnet.errors import DataError, ParameterError
from spectralnet.matrices import NUMBERS_AT_ONCE, Matrix, blocks, dense_rows

LARGEST_OUTPUT = 1e17
MOST_FEATURES = 10**7  # columns: a net has weights for each


def memory() -> int:
    """Return the memory of this machine, in bytes."""
    if not hasattr(os, "sysconf"):  # Windows, where too much is an error of its own
        return sys.maxsize
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check_fits_memory(n_bytes: int, name: str) -> None:
    """Refuse what says that it is larger than the machine's memory: a `DataError`, before it is."""
    if n_bytes > memory():
        raise DataError(
            f"{name} asks for {n_bytes / 2**30:.3g} GiB, and this machine has "
            f"{memory() / 2**30:.3g}: give less, or an .npy, which is read a part at a time"
        )


def check_features(features: Matrix, name: str) -> None:
    """Refuse features that are not a finite matrix.

    Parameters
    ----------
    features : ndarray or csr_array of shape (n, d)
    name : str
        What the message calls them.

    Raises
    ------
    DataError
        If `features` has another shape, no rows or columns, far too many columns, or a value that
        is NaN or infinite: the first such row and column are named.
    """
    if features.ndim != 2 or 0 in features.shape or features.shape[1] > MOST_FEATURES:
        raise DataError(
            f"{name} has shape {features.shape}: (n, d) with n >= 1 and d from 1 to "
            f"{MOST_FEATURES} is needed"
        )
    check_finite(features, name)


def check_finite(
    x: Matrix, name: str, columns: Sequence[str] | None = None, first: int = 0
) -> None:
    """Refuse values that are NaN or infinite: a `DataError` that names the first.

    Rows are counted from `first`, and columns are called by `columns`, if there are names.
    """
    values = x.data if isinstance(x, csr_array) else x
    width = max(1, values.size // max(len(values), 1))
    bad = [
        np.argwhere(~np.isfinite(values[rows])) + np.array([rows.start] + [0] * (values.ndim - 1))
        for rows in blocks(len(values), max(1, NUMBERS_AT_ONCE // width))
    ]
    if n_bad := sum(map(len, bad)):
        at = next(found[0] for found in bad if len(found))
        raise DataError(
            f"in {name} {n_bad} values are NaN or infinite, the first "
            f"({values[tuple(at)]}) in {_place(x, at, columns, first)}: remove or impute them"
        )


def _place(x: Matrix, at: NDArray[np.integer], columns: Sequence[str] | None, first: int) -> str:
    """Say where an entry stands, by its index in what holds the values."""
    if isinstance(x, csr_array):
        row = int(np.searchsorted(x.indptr, int(at[0]), side="right")) - 1
        at = np.array([row, x.indices[at[0]]])
    if len(at) > 2:
        return f"image {first + at[0]}, row {at[1]}, column {at[2]}"
    if len(at) == 1:
        return f"row {first + at[0]}"
    column = at[1]
    if columns and column < len(columns):  # rows may be longer than they should be
        column = repr(columns[column])
    return f"row {first + at[0]}, column {column}"


def check_mapped(outputs: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return a model's outputs, shape (n, c).

    A `DataError` if a row is NaN, infinite, or so large that its squared length is, in float32.
    """
    finite = (np.abs(outputs) < LARGEST_OUTPUT).all(axis=1)  # NaN is not
    if not finite.all():
        raise DataError(
            f"row {int(finite.argmin())} is mapped to no finite numbers: its values are far larger "
            "than those that were fitted, or the model is damaged"
        )
    return outputs


def image_size(image_shape: Sequence[int] | None, n_features: int) -> tuple[int, int] | None:
    """Return height and width; a `ParameterError` if rows of so many features have others."""
    if image_shape is None:
        return None
    sides = np.atleast_1d(image_shape)
    whole = sides.shape == (2,) and sides.dtype.kind in "iu" and sides.min() > 0
    if not whole or sides.prod() != n_features:
        raise ParameterError(
            f"image_shape = {image_shape} does not fit rows of {n_features} features: give height "
            "and width whose product that is, or None"
        )
    return int(sides[0]), int(sides[1])


def check_count(name: str, value: object) -> None:
    """Refuse what is no whole number of 1 or more: a `ParameterError`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ParameterError(f"{name} = {value!r}: give a whole number, 1 or more")


def check_distinct(points: Matrix, n: int, name: str = "n_clusters") -> None:
    """Refuse points, shape (m, d), of which fewer than n differ: a `ParameterError`.

    Equal points have equal outputs: more eigenvectors than distinct points are dependent.
    """
    found = count_distinct(points, n)
    if found < n:
        raise ParameterError(
            f"{name} = {n}, but there are {found} distinct points to cluster: at most so many"
        )


def warn_of_empty(clusters: NDArray[np.integer], n_clusters: int) -> None:
    """Warn where points, shape (n,), are in fewer clusters than were asked for."""
    found = len(np.unique(clusters))
    if found < n_clusters:
        warnings.warn(
            f"{found} of n_clusters = {n_clusters} clusters have points: ask for fewer, or scale "
            "the columns, if one is far larger than the others",
            stacklevel=3,
        )


def count_distinct(points: Matrix, most: int) -> int:
    """Count the distinct rows of points, shape (m, d), up to so many."""
    start, rows = 0, 2 * most
    found = np.empty(0, dtype=f"V{4 * points.shape[1]}")
    while start < points.shape[0] and len(found) < most:
        some = dense_rows(points, slice(start, start + rows)) + np.float32(0)  # -0 is 0
        some = np.ascontiguousarray(some).view(found.dtype).ravel()
        found = np.unique(np.concatenate([found, some]))
        start, rows = start + rows, min(2 * rows, max(1, NUMBERS_AT_ONCE // points.shape[1]))
    return min(len(found), most)
