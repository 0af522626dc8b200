"""Raw samples from files, a chunk at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectralnet.artifacts import load_array
from spectralnet.data.files import (
    IMAGES,
    TEXTS,
    check_table,
    list_files,
    read_images,
    read_numbers,
    read_sparse,
    read_text,
    reading,
)
from spectralnet.data.preparation import Pixels, Raw
from spectralnet.errors import DataError, ParameterError

CHUNK = 8192  # samples
INPUTS = (".npy", ".npz", ".csv", ".parquet", ".txt")


def read_samples(
    path: Path,
    texts: bool,
    columns: Sequence[str] | None = None,
    pixels: Pixels | None = None,
    chunk: int = CHUNK,
) -> Iterator[Raw]:
    """Read a file or a folder of samples without holding more than a chunk of it.

    Parameters
    ----------
    path : Path
        ``.npy`` (images or rows), ``.npz`` (a sparse matrix, the one format that is read as a
        whole), ``.csv`` with a header, ``.parquet``, or ``.txt`` (one text a line, UTF-8);
        or a folder, whose images or text files are taken in the order of `folder_samples`.
    texts : bool
        Whether the samples are texts; else they are numbers.
    columns : sequence of str, optional
        Which columns of a table make a sample; by default all.
    pixels : Pixels, optional
        To whose height, width and white level a folder's images are brought.
    chunk : int, default=8192
        Samples at once.

    Yields
    ------
    ndarray, csr_array or list of str

    Raises
    ------
    DataError
        If the file is missing, of another format, or holds no samples or others; where it
        can be known, with row and column.
    ParameterError
        If columns are chosen of what has none by name.
    """
    if not path.exists():
        raise DataError(f"{path} is missing")
    if path.is_file() and path.suffix not in INPUTS:
        raise DataError(f"{path}: its name has to end with one of {', '.join(INPUTS)}")
    if columns is not None and path.suffix not in (".csv", ".parquet"):
        raise ParameterError(f"{path} has no named columns to choose from")
    found = False
    with reading(path):
        for samples in _chunks(path, texts, columns, pixels, chunk):
            found = True
            yield samples
    if not found:
        raise DataError(f"{path} holds no samples")


def folder_samples(folder: Path, texts: bool) -> list[Path]:
    """List a folder's text files, or its images, those of its folders included, by name."""
    return list_files(folder, TEXTS if texts else IMAGES)


def _chunks(
    path: Path,
    texts: bool,
    columns: Sequence[str] | None,
    pixels: Pixels | None,
    chunk: int,
) -> Iterator[NDArray[Any] | csr_array | list[str]]:
    if path.is_dir():
        every = folder_samples(path, texts)
        for start in range(0, len(every), chunk):
            files = every[start : start + chunk]
            yield [read_text(file) for file in files] if texts else _images(files, pixels)
    elif path.suffix in (".csv", ".parquet"):
        first = 0
        for table in _tables(path, texts, columns, chunk):
            check_table(table, path, first, columns)
            if len(table):
                yield (
                    _texts(table, path)
                    if texts
                    else read_numbers(table, path, "choose others (`--columns`)", first)
                )
            first += len(table)
    elif path.suffix == ".txt":
        if not texts:
            raise DataError(f"{path} holds texts, but the model takes numbers")
        yield from _lines(path, chunk)
    else:
        array = read_sparse(path) if path.suffix == ".npz" else load_array(path)
        kinds, wanted = ("UT", "texts") if texts else ("buif", "numbers")
        if array.ndim == 0 or array.dtype.kind not in kinds:
            raise DataError(
                f"{path} holds an array of type {array.dtype} and shape {array.shape}, but the "
                f"model takes {wanted}, a row a sample"
            )
        for start in range(0, array.shape[0], chunk):
            yield array[start : start + chunk]


def _images(files: Sequence[Path], pixels: Pixels | None) -> NDArray[Any]:
    images = read_images(files, pixels.image_shape if pixels else None)
    return images if pixels is None else images * (pixels.maximum / np.iinfo(images.dtype).max)


def _tables(
    path: Path, texts: bool, columns: Sequence[str] | None, chunk: int
) -> Iterator[pd.DataFrame]:
    chosen = None if columns is None else list(columns)
    if path.suffix == ".csv":
        # A text may well read "null"; among numbers that is a gap.
        with pd.read_csv(
            path, usecols=chosen, chunksize=chunk, keep_default_na=not texts
        ) as tables:
            yield from (table if chosen is None else table[chosen] for table in tables)
        return
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        if missing := set(chosen or []) - set(names):
            raise DataError(f"{path} has no column {sorted(missing)}: it has {names}")
        for batch in file.iter_batches(chunk, columns=chosen):
            table = batch.to_pandas()
            yield table if chosen is None else table[chosen]


def _texts(table: pd.DataFrame, path: Path) -> list[str]:
    if len(table.columns) != 1:
        raise DataError(
            f"{path} has the columns {list(table.columns)}: choose the one that holds the texts "
            "(`--columns`)"
        )
    return table.iloc[:, 0].fillna("").astype(str).tolist()


def _lines(path: Path, chunk: int) -> Iterator[list[str]]:
    with path.open(encoding="utf-8-sig") as file:
        lines: list[str] = []
        for line in file:
            lines.append(line)
            if len(lines) == chunk:
                yield lines
                lines = []
        if lines:
            yield lines
