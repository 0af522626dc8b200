"""Labels of a user's own data: a file, a column or folders to numbers, or a message that helps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spectralnet.artifacts import load_array
from spectralnet.data.files import TABLES, check_table, read_lines, reading
from spectralnet.errors import DataError


class Labels(NamedTuple):
    """Labels of any type, and the file that they are from."""

    values: NDArray[Any]
    source: Path


def read_labels(path: Path) -> Labels:
    """Read an ``.npy``, a table of one column, or a line each."""
    with reading(path):
        if path.suffix == ".npy":
            return Labels(load_array(path), path)
        if path.suffix not in TABLES:
            return Labels(np.array(read_lines(path)), path)
        names = TABLES[path.suffix](path, []).columns
        if len(names) != 1:
            raise DataError(f"{path} has {len(names)} columns: one, of labels, is needed")
        table = TABLES[path.suffix](path, list(names))
        check_table(table, path)
        return Labels(table.iloc[:, 0].to_numpy(), path)


def folder_labels(files: Sequence[Path], root: Path) -> Labels:
    """Take the folder that each file lies in as its class."""
    for file in files:
        if file.parent == root:
            raise DataError(f"own.labels = folder, but {file} lies in no folder of its class")
    return Labels(np.array([file.parent.name for file in files]), root)


def number_labels(y: Labels | None, n: int) -> NDArray[np.int64]:
    """Turn n labels into numbers, in sorted order; -1 is a missing or empty one."""
    if y is None:
        return np.full(n, -1)
    shape = y.values.shape
    if len(shape) != 1:
        raise DataError(f"{y.source}: labels of shape {shape}, but ({n},) is needed, one a sample")
    if shape != (n,):
        raise DataError(f"{y.source}: {shape[0]} labels for {n} samples: give one each, or none")
    labels = pd.Series(y.values)
    return pd.factorize(labels.mask(labels.eq("")), sort=True)[0].astype(np.int64)
