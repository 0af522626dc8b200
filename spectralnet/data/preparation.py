"""From raw samples to feature rows: what new samples have to go through as well."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, diags_array, issparse

from spectralnet.checks import check_finite
from spectralnet.data.described import BLOCKS
from spectralnet.data.numbers import numbers_of
from spectralnet.data.pixels import Pixels
from spectralnet.data.texts import Tfidf
from spectralnet.errors import DataError
from spectralnet.matrices import NUMBERS_AT_ONCE, Matrix, as_csr, blocks, directions_of, drawn_in

Raw = Any  # an array of images, a matrix, or a sequence of texts


class Preparation(Protocol):
    """What turns raw samples into feature rows."""

    @property
    def config(self) -> dict[str, Any]:
        """What `build_preparation` builds this from; JSON."""

    @property
    def n_features(self) -> int:
        """Number of columns of the feature rows."""

    @property
    def directions(self) -> bool:
        """Whether all rows have one length, so that a row of zeros has no place."""

    def transform(self, raw: Raw) -> Matrix:
        """Turn n raw samples into feature rows, float32 of shape (n, d).

        Raises
        ------
        DataError
            If `raw` is not what was fitted.
        """


class Columns:
    """Rows of numbers to features: some columns, each shifted and scaled; or unit rows.

    Parameters
    ----------
    n_columns : int
        Of the raw rows.
    keep : sequence of int, optional
        Which columns; by default all.
    shift, scale : sequence of float, optional
        Of each kept column: x becomes (x - shift) / scale. A sparse matrix takes no shift,
        which would fill it.
    directions : bool, default=False
        Scale each row to length sqrt(d), so that Euclidean neighbours are those of the
        cosine, and the mean square of a feature is 1 (the scaling of Xie et al., DEC, ICML
        2016, section 4.3). Rows of zeros stay.
    names : sequence of str, optional
        Of the raw rows' columns, by which a table is read.
    reach : float, optional
        Rows whose root mean square is then larger are drawn in (`spectralnet.matrices.drawn_in`).
    zero_based : bool, optional
        Whether the columns of the fitted svmlight file count from 0: those of others do, too.
    """

    def __init__(
        self,
        n_columns: int,
        keep: ArrayLike | None = None,
        shift: ArrayLike | None = None,
        scale: ArrayLike | None = None,
        directions: bool = False,
        names: Sequence[str] | None = None,
        reach: float | None = None,
        zero_based: bool | None = None,
    ) -> None:
        self.n_columns, self.keep, self.directions = n_columns, keep, directions
        self.names = None if names is None else list(names)
        self.shift, self.scale, self.reach = shift, scale, reach
        self.zero_based = zero_based
        self.n_features = n_columns if keep is None else np.size(keep)

    @property
    def config(self) -> dict[str, Any]:
        """What `build_preparation` builds this from."""
        listed = {
            name: None if value is None else np.asarray(value).tolist()
            for name, value in (("keep", self.keep), ("shift", self.shift), ("scale", self.scale))
        }
        return {
            "kind": "columns",
            "n_columns": self.n_columns,
            **listed,
            "directions": self.directions,
            "names": self.names,
            "reach": self.reach,
            "zero_based": self.zero_based,
        }

    @np.errstate(over="ignore", invalid="ignore")
    def transform(self, raw: NDArray[Any] | csr_array | pd.DataFrame) -> Matrix:
        """Turn rows of numbers, dense or sparse of shape (n, n_columns), into features.

        A table's columns are taken by name, if known. What is beyond float32 becomes infinite;
        what is NaN or infinite has no direction, and is then a `DataError`.
        """
        if self.names is not None and isinstance(raw, pd.DataFrame):
            if missing := [name for name in self.names if name not in raw]:
                raise DataError(f"the table has no column {missing[0]!r}, one of {self.names}")
            raw = numbers_of(raw[self.names], "", "give others")
        x = as_csr(raw) if issparse(raw) else np.asarray(raw)
        if x.ndim != 2 or x.shape[1] != self.n_columns:
            raise DataError(f"rows of shape {x.shape}: (n, {self.n_columns}) is needed")
        if issparse(x):
            return self._scaled(x)
        scaled = np.empty((len(x), self.n_features), dtype=np.float32)
        for rows in blocks(len(x), max(1, NUMBERS_AT_ONCE // x.shape[1])):
            scaled[rows] = self._scaled(x[rows], rows.start)
        return scaled

    def _scaled(self, x: NDArray[Any] | csr_array, first: int = 0) -> Matrix:
        if self.keep is not None:
            x = x[:, np.asarray(self.keep)]
        if self.shift is not None:
            if issparse(x):
                raise DataError("a sparse matrix cannot be shifted: give a dense one")
            x = x - np.asarray(self.shift)
        if self.scale is not None:
            inverse = 1 / np.asarray(self.scale)
            x = csr_array(x @ diags_array(inverse)) if issparse(x) else x * inverse
        if self.reach is not None:
            x = drawn_in(torch.from_numpy(x), self.reach * x.shape[1] ** 0.5).numpy()
        if not self.directions:
            return x.astype(np.float32)
        x = x.astype(np.float64, copy=False)
        check_finite(x, "the samples", first=first)  # or scikit-learn would refuse it
        return directions_of(x)


_KINDS: dict[str, type[Pixels] | type[Columns] | type[Tfidf]] = {
    "pixels": Pixels,
    "columns": Columns,
    "tfidf": Tfidf,
}


def build_preparation(config: dict[str, Any]) -> Preparation:
    """Build a preparation from its `config`.

    Raises
    ------
    DataError
        If its kind is unknown.
    ValueError
        If it is none that a preparation has; see `spectralnet.data.described`.
    """
    arguments = dict(config)
    kind = arguments.pop("kind", None)
    if kind not in list(_KINDS):
        raise DataError(f"preparation of kind {kind!r}: choose one of {', '.join(_KINDS)}")
    return _KINDS[kind](**BLOCKS[kind].model_validate(arguments).model_dump())


Scaling = Literal["none", "standard", "range", "directions"]


@np.errstate(over="ignore", invalid="ignore")
def fit_columns(
    x: NDArray[np.floating] | csr_array,
    scaling: Scaling,
    names: Sequence[str] | None = None,
    zero_based: bool | None = None,
) -> Columns:
    """Fit the scaling of rows of numbers.

    Parameters
    ----------
    x : ndarray or csr_array of shape (n, d)
    scaling : {"none", "standard", "range", "directions"}
        Leave columns as they are, shift and scale each to mean 0 and variance 1, or to
        0 ... 1; or scale rows (see `Columns`). A constant column is only shifted; so is one that
        varies by less than can be divided by.
    names : sequence of str, optional
        Of the columns.
    zero_based : bool, optional
        See `Columns`.

    Returns
    -------
    Columns

    Raises
    ------
    DataError
        If a sparse matrix would have to be shifted, or numbers are too large to scale.
    """
    d = x.shape[1]
    if scaling in ("none", "directions"):
        return Columns(d, directions=scaling == "directions", names=names, zero_based=zero_based)
    if issparse(x):
        raise DataError(
            f"scaling = {scaling} would fill a sparse matrix: choose none or directions"
        )
    standard, lowest, highest = scaling == "standard", x.min(axis=0), x.max(axis=0)
    lowest, spread = lowest.astype(np.float64), np.subtract(highest, lowest, dtype=np.float64)
    shift, scale = _moments(x) if standard else (lowest, spread)
    if not np.isfinite(scale).all():
        raise DataError(f"column {np.isfinite(scale).argmin()} holds numbers too large to scale")
    # The deviation of equal numbers need not come out as 0; that of tiny ones may, or its inverse
    # as infinite.
    scale = np.where((spread == 0) | (scale < np.finfo(np.float64).tiny), 1, scale)
    return Columns(d, None, shift, scale, names=names, zero_based=zero_based)


def _moments(x: NDArray[np.number]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean and the deviation of each column of x, shape (n, d): (d,) each."""
    some = blocks(len(x), max(1, NUMBERS_AT_ONCE // x.shape[1]))
    mean = sum(x[rows].sum(axis=0, dtype=np.float64) for rows in some) / len(x)
    squares = sum(((x[rows].astype(np.float64) - mean) ** 2).sum(axis=0) for rows in some)
    return mean, np.sqrt(squares / len(x))
