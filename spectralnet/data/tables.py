"""Tables in files: columns of numbers, texts or labels, or a message that helps."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from spectralnet.errors import DataError

TABLES = (".csv", ".parquet")


def table_columns(path: Path) -> list[str]:
    """Return the names of a table's columns."""
    if path.suffix == ".csv":
        return list(pd.read_csv(path, nrows=0).columns)
    schema = pq.read_schema(path)
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    return [name for name in schema.names if name not in index]


def read_columns(
    path: Path, columns: Sequence[str], texts: bool, way_out: str, chunk: int
) -> Iterator[NDArray[np.float64] | list[str]]:
    """Read columns of numbers (n, d), missing ones as NaN, or one of texts; a chunk at a time.

    Raises
    ------
    DataError
        If a column holds no numbers, with the row and the `way_out`; or rows are too long.
    """
    first = 0
    for table in _read_tables(path, list(columns), texts, chunk):
        _check_rows(table, path, first)
        if texts and len(table):
            yield table[columns[0]].astype("string").fillna("").tolist()
        elif len(table):
            yield _numbers(table[list(columns)], path, way_out, first)
        first += len(table)


def read_column(path: Path, column: str | None) -> pd.Series:
    """Read one column of any type, or the only one, in which a word such as NA is no gap.

    Raises
    ------
    DataError
        If there are several, and none was named.
    """
    if column is None:
        names = table_columns(path)
        if len(names) != 1:
            raise DataError(f"{path} has {len(names)} columns: one, of labels, is needed")
        check_header(path)
    chosen = None if column is None else [column]
    if path.suffix == ".parquet":
        return pd.read_parquet(path, columns=chosen).iloc[:, 0]
    # With little memory pandas would choose a type for each part of the column.
    table = pd.read_csv(path, usecols=chosen, keep_default_na=False, low_memory=False)
    _check_rows(table, path, 0)
    return table.iloc[:, 0]


def _read_tables(path: Path, columns: list[str], texts: bool, chunk: int) -> Iterator[pd.DataFrame]:
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(chunk, columns=columns):
                yield batch.to_pandas(ignore_metadata=True, integer_object_nulls=True)
        return
    # All columns, though few may be needed: only so pandas sees which rows are too long. Texts as
    # they are written: one may well read "null", and 007 is not 7.
    others = [name for name in table_columns(path) if texts or name not in columns]
    with pd.read_csv(
        path, chunksize=chunk, dtype=dict.fromkeys(others, str), keep_default_na=not texts
    ) as tables:
        yield from tables


def _check_rows(table: pd.DataFrame, path: Path, first: int) -> None:
    """Refuse a CSV's rows that are longer than its header; `first` is the number of the first."""
    # pandas takes what there is too much of for names of the rows.
    if path.suffix == ".csv" and not table.index.equals(pd.RangeIndex(first, first + len(table))):
        raise DataError(
            f"{path} has rows with more values than its header has names: "
            f"{', '.join(map(str, table.columns))}"
        )


def check_header(path: Path) -> None:
    """Refuse a CSV without a header, or with one that tells of trouble."""
    if path.suffix != ".csv":
        return
    names = table_columns(path)
    if len(names) == 1 and (found := re.search("[;\t]", names[0])):
        raise DataError(
            f"{path} has one column, {names[0]!r}: separate columns by commas, not {found[0]!r}"
        )
    nameless = [i for i, name in enumerate(names) if re.fullmatch(r"Unnamed: \d+", name)]
    if nameless:
        raise DataError(
            f"{path} has no name for column {nameless[0]}: name it, or, if it holds the numbers of "
            "the rows, write the table without them (pandas: index=False)"
        )
    plain = [re.sub(r"\.\d+$", "", name) for name in names]  # pandas numbers repeated names
    numbers = pd.to_numeric(pd.Series([*names, *plain]), errors="coerce").notna().to_numpy()
    if numbers.reshape(2, -1).any(axis=0).all() and names != [str(i) for i in range(len(names))]:
        raise DataError(
            f"{path} has no header: its columns are called {', '.join(names)}. Add a first line "
            "with names"
        )


def _numbers(table: pd.DataFrame, path: Path, way_out: str, first: int) -> NDArray[np.float64]:
    columns = {}
    for name, column in table.items():
        numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
        bad = np.flatnonzero(column.notna() & (numbers.isna() | (column.dtype.kind in "mM")))
        if bad.size:
            raise DataError(
                f"{path}: column {name!r} holds {column.iloc[bad[0]]!r} in row {first + bad[0]}, "
                f"which is no number. Encode it, or {way_out}"
            )
        columns[name] = numbers
    return pd.DataFrame(columns).to_numpy()
