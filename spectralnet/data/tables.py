"""Tables in files: columns of numbers, texts or labels, or a message that helps."""

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from spectralnet.data.files import suffix_of
from spectralnet.data.numbers import numbers_of, of_lists
from spectralnet.errors import DataError

MOST_COLUMNS, LONGEST_HEADER = 10**5, 2**24  # of tables as text, which pandas reads slowly
SEPARATORS = {".csv": ",", ".tsv": "\t"}
TABLES = (*SEPARATORS, ".jsonl", ".parquet")


def table_columns(path: Path) -> list[str]:
    """Return the names of a table's columns; of ``.jsonl`` those in any record.

    A `DataError` if a header is separated by something else.
    """
    suffix = suffix_of(path)
    if suffix == ".jsonl":
        return list(dict.fromkeys(name for record in _records(path) for name in record))
    if suffix == ".parquet":
        schema = pq.read_schema(path)
        index = (schema.pandas_metadata or {}).get("index_columns", [])
        return [name for name in schema.names if name not in index]
    separator = SEPARATORS[suffix]
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rb") as file:
        header = file.readline(LONGEST_HEADER + 1)
    if len(header) > LONGEST_HEADER or header.count(separator.encode()) >= MOST_COLUMNS:
        raise DataError(
            f"{path} has a first line of more than {MOST_COLUMNS} names, or {LONGEST_HEADER} "
            "bytes: save such rows as .npy, .npz or .parquet"
        )
    names = list(pd.read_csv(path, nrows=0, sep=separator).columns)
    found = re.search("[;\t]" if separator == "," else "[;,]", names[0] if names else "")
    if len(names) == 1 and found:
        wanted = "commas" if separator == "," else "tabs"
        raise DataError(
            f"{path} has one column, {names[0]!r}: separate columns by {wanted}, not {found[0]!r}, "
            "and write numbers with a decimal point"
        )
    return names


def read_columns(
    path: Path, columns: Sequence[str], texts: bool, way_out: str, chunk: int
) -> Iterator[NDArray[np.float64] | list[str]]:
    """Read columns of numbers (n, d), missing ones as NaN, or one of texts; a chunk at a time.

    Numbers may stand in one column of lists, all of d numbers.

    Raises
    ------
    DataError
        If a column holds no numbers, with the row and the `way_out`; or rows are too long.
    """
    first, width = 0, None
    for table in _read_tables(path, list(columns), texts, chunk):
        _check_rows(table, path, first)
        if texts and len(table):
            yield table[columns[0]].astype("string").fillna("").tolist()
        elif len(table):
            rows = numbers_of(table[list(columns)], f"{path}: ", way_out, first, width)
            width = rows.shape[1] if width or of_lists(table) else None
            yield rows
        first += len(table)


def holds_lists(path: Path, columns: Sequence[str]) -> bool:
    """Say whether the numbers stand in one column of lists, which has no names for them."""
    if len(columns) != 1 or suffix_of(path) in SEPARATORS:
        return False
    return of_lists(next(_read_tables(path, list(columns), False, 1), pd.DataFrame()))


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
    if suffix_of(path) == ".parquet":
        return pd.read_parquet(path, columns=chosen).iloc[:, 0]
    if suffix_of(path) == ".jsonl":
        return pd.DataFrame(list(_records(path)), columns=chosen or table_columns(path)).iloc[:, 0]
    # With little memory pandas would choose a type for each part of the column.
    table = pd.read_csv(
        path, usecols=chosen, keep_default_na=False, low_memory=False, **_lines(path)
    )
    _check_rows(table, path, 0)
    return table.iloc[:, 0]


def _read_tables(path: Path, columns: list[str], texts: bool, chunk: int) -> Iterator[pd.DataFrame]:
    if suffix_of(path) == ".parquet":
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(chunk, columns=columns):
                yield batch.to_pandas(ignore_metadata=True, integer_object_nulls=True)
        return
    if suffix_of(path) == ".jsonl":
        records = _records(path)
        while several := list(islice(records, chunk)):
            yield pd.DataFrame(several, columns=columns)
        return
    # All columns, though few may be needed: only so pandas sees which rows are too long. Texts as
    # they are written: one may well read "null", and 007 is not 7.
    others = [name for name in table_columns(path) if texts or name not in columns]
    with pd.read_csv(
        path, chunksize=chunk, dtype=dict.fromkeys(others, str), keep_default_na=not texts,
        **_lines(path),
    ) as tables:  # fmt: skip
        yield from tables


def _lines(path: Path) -> dict[str, Any]:
    """Say how pandas splits a CSV: where it has one column, a blank line is an empty cell."""
    separator = {"sep": SEPARATORS[suffix_of(path)]}
    if len(table_columns(path)) > 1:
        return separator
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rb") as file:  # those above the header are none
        above = sum(1 for _ in takewhile(lambda line: not line.strip(), file))
    return separator | {"skip_blank_lines": False, "skiprows": above}


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """Read a JSON object a line; empty lines are left out."""
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(f"{path} holds no JSON in line {number}: {error.msg}") from error
            if not isinstance(record, dict):
                raise DataError(f"{path} holds no JSON object, with names, in line {number}")
            yield record


def _check_rows(table: pd.DataFrame, path: Path, first: int) -> None:
    """Refuse a CSV's rows that are longer than its header; `first` is the number of the first."""
    if suffix_of(path) not in SEPARATORS:
        return
    # pandas takes what there is too much of for names of the rows.
    if not table.index.equals(pd.RangeIndex(first, first + len(table))):
        raise DataError(
            f"{path} has rows with more values than its header has names: "
            f"{', '.join(map(str, table.columns))}"
        )


def check_header(path: Path) -> None:
    """Refuse a CSV without a header, or with one that tells of trouble."""
    if suffix_of(path) not in SEPARATORS:
        return
    names = table_columns(path)
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
