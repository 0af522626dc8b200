"""Columns of a table to rows of numbers, or a message that helps."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spectralnet.errors import DataError


def numbers_of(
    table: pd.DataFrame, where: str, way_out: str, first: int = 0, width: int | None = None
) -> NDArray[np.float64]:
    """Return columns of numbers, or one of lists of numbers, as rows; missing ones as NaN.

    Parameters
    ----------
    table : DataFrame of n rows
    where, way_out : str
        For messages: what the table is of, and what to do about a column of others.
    first : int
        The number of its first row, for messages.
    width : int, optional
        Of lists, where other tables of the same file have them; by default that of the first.

    Returns
    -------
    ndarray of shape (n, d)

    Raises
    ------
    DataError
        Naming the column, and the row, that holds something else.
    """
    if width or of_lists(table):
        return _stacked(table.iloc[:, 0], where, first, width)
    if lists := [name for name, column in table.items() if _is_list(next(iter(column), None))]:
        others = ", ".join(repr(name) for name in table if name != lists[0])
        raise DataError(
            f"{where}column {lists[0]!r} holds lists, which are read alone, and not beside "
            f"{others}: {way_out}"
        )
    columns = []
    for name, column in table.items():
        numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
        bad = np.flatnonzero(column.notna() & (numbers.isna() | (column.dtype.kind in "mM")))
        if bad.size:
            raise DataError(
                f"{where}column {name!r} holds {column.iloc[bad[0]]!r:.60} in row "
                f"{first + bad[0]}, which is no number. Encode it, or {way_out}"
            )
        columns.append(numbers.to_numpy())
    return np.stack(columns, axis=1)


def of_lists(table: pd.DataFrame) -> bool:
    """Say whether a table is one column of lists, such as embeddings."""
    first = table.iloc[0, 0] if len(table) and table.shape[1] == 1 else None
    return _is_list(first)


def _is_list(value: object) -> bool:
    return isinstance(value, list | np.ndarray)


def _stacked(lists: pd.Series, where: str, first: int, width: int | None) -> NDArray[np.float64]:
    values = lists.tolist()
    width = width or len(values[0])
    for row, value in enumerate(values, first):
        if not _is_list(value) or len(value) != width:
            raise DataError(
                f"{where}column {lists.name!r} holds {str(value)[:50]!r} in row {row}: a list of "
                f"{width} numbers, as in the first row, is needed"
            )
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}column {lists.name!r} has lists of others: {error}") from error
