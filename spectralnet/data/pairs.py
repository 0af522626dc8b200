"""Pairs of a user's samples that belong together or apart: a file to rows."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spectralnet.data.files import check_content, reading, suffix_of
from spectralnet.errors import DataError


def read_pairs(path: str | None, names: NDArray[np.generic]) -> NDArray[np.int64]:
    """Read pairs of samples from a CSV of two columns, with any header.

    Parameters
    ----------
    path : str, optional
        Without it there is no pair.
    names : ndarray of shape (n,)
        What the samples are called in the file: rows from 0, or the files of a folder.

    Returns
    -------
    ndarray of shape (p, 2)
        Their rows, int64.

    Raises
    ------
    DataError
        If the file has other columns, or a name is of no sample: the first such row is named.
    """
    if path is None:
        return np.empty((0, 2), dtype=np.int64)
    file = Path(path)
    if suffix_of(file) != ".csv":
        raise DataError(f"{file} is no .csv: give pairs as one, of two columns")
    with reading(file):
        check_content(file)
        table = pd.read_csv(file, header=None, dtype=str, keep_default_na=False).to_numpy()
    if table.shape[1] != 2:
        raise DataError(f"{file} has {table.shape[1]} columns: two are needed, a pair a row")
    # results/clusters.csv marks names that spreadsheets would take for formulas.
    unmarked = {name: re.sub(r"^'(?=[=+\-@])", "", name) for name in table.ravel()}
    wanted = {*unmarked, *unmarked.values()}
    rows = {name: row for row, name in enumerate(map(str, names)) if name in wanted}
    found = np.array([rows.get(name, rows.get(unmarked[name], -1)) for name in table.ravel()])
    found = found.reshape(-1, 2)
    if (found[0] >= 0).all():
        raise DataError(f"{file} begins with a pair: give it a first line with names of columns")
    wrong = np.argwhere(found[1:] < 0)
    if wrong.size:
        row, column = wrong[0]
        raise DataError(
            f"{file} names {table[1 + row, column]!r} in row {row} of its pairs, which is no "
            "sample that is kept: give what results/clusters.csv calls them, rows from 0 or files"
        )
    return found[1:].astype(np.int64)
