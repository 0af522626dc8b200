"""Labels of a user's own data: a file, a column or folders to numbers, or a message that helps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spectralnet.artifacts import load_array
from spectralnet.data.files import check_content, open_npz, read_lines, reading, suffix_of
from spectralnet.data.tables import TABLES, read_column
from spectralnet.errors import DataError


class Labels(NamedTuple):
    """Labels of any type, and the file that they are from."""

    values: NDArray[Any]
    source: Path


def read_labels(path: Path, name: str | None = None) -> Labels:
    """Read a table's or an ``.npz``'s labels by name; or an ``.npy``, one column, a line each."""
    with reading(path):
        check_content(path)
        if suffix_of(path) in TABLES:
            column = read_column(path, name)
            _check_single(column, path)
            return Labels(column.to_numpy(), path)
        if suffix_of(path) == ".npy":
            return Labels(load_array(path), path)
        if name is None:
            return Labels(np.array(next(read_lines(path), [])), path)
        with open_npz(path) as file, np.load(file, allow_pickle=False) as arrays:
            return Labels(arrays[name], path)


def _check_single(column: pd.Series, path: Path) -> None:
    """Refuse labels that are several, such as lists of tags."""
    for row, value in enumerate(column if column.dtype.kind == "O" else ()):
        if isinstance(value, list | dict | np.ndarray):
            raise DataError(
                f"{path}: label {column.name!r} is {value!r:.60} in row {row}: give each sample "
                "one word or number"
            )


def folder_labels(names: Sequence[str], folder: Path) -> Labels:
    """Take the folder that each file, by its path in `folder`, lies in as its class."""
    for name in names:
        if "/" not in name:
            file = folder / name
            raise DataError(f"labels = folder, but {file} lies in no folder of its class")
    return Labels(np.array([name.split("/")[-2] for name in names]), folder)


def number_labels(y: Labels | None, n: int) -> tuple[NDArray[np.int64], list[str]]:
    """Turn n labels into numbers, in sorted order; -1 is a missing one, see `_missing`.

    Blanks around a label are no part of it. Also returns what each number stands for.
    """
    if y is None:
        return np.full(n, -1), []
    shape = y.values.shape
    if len(shape) != 1:
        raise DataError(f"{y.source}: labels of shape {shape}, but ({n},) is needed, one a sample")
    if shape != (n,):
        raise DataError(f"{y.source}: {shape[0]} labels for {n} samples: give one each, or none")
    of_bytes = y.values.dtype.kind == "S"
    labels = pd.Series(np.char.decode(y.values, "utf-8", "replace") if of_bytes else y.values)
    if labels.dtype.kind == "O":  # strings as well
        labels = labels.map(lambda label: label.strip() if isinstance(label, str) else label)
    numbers, classes = pd.factorize(labels.mask(_missing(labels)), sort=True)
    return numbers.astype(np.int64), [_written(label) for label in classes]


def _written(label: object) -> str:
    """Return a label as text; whole numbers that a gap beside them made floats, as whole."""
    whole = isinstance(label, float | np.floating) and label.is_integer()
    return str(int(label) if whole else label)  # type: ignore[call-overload]


def _missing(labels: pd.Series) -> pd.Series:
    """Say which labels are none: empty; NaN; -1, as scikit-learn marks them.

    The word "nan" is one among numbers alone, and -1 is a class where 1 is the only other, as in
    files for support vector machines.
    """
    empty = labels.isna() | labels.eq("")
    numbers = pd.to_numeric(labels, errors="coerce")
    word = labels.astype(str).str.lower().eq("nan")
    if (empty | word | numbers.notna()).all():
        empty |= word
        if set(numbers[~empty]) == {-1, 1}:
            return empty
    return empty | numbers.eq(-1)
