"""Predictions into a file, a chunk at a time."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from spectralnet.artifacts import csv_format, whole_file, without_formulas
from spectralnet.data.reader import find_source
from spectralnet.errors import ParameterError
from spectralnet.folders import read_manifest

OUTPUTS = (".csv", ".parquet", ".npy")


def check_target(out: Path, model: Path, file: Path | None = None) -> None:
    """Refuse to replace the samples in `file`, or a file of the model: a `ParameterError`."""
    if not out.exists():
        return
    sealed = [model / name for name in read_manifest(model)]
    read = [] if file is None else [file, find_source(file)]
    if any(out.samefile(path) for path in [*read, *filter(Path.exists, sealed)]):
        raise ParameterError(f"{out} is a file of samples or of the model: take another")


def write_predictions(path: Path, frames: Iterator[pd.DataFrame]) -> int:
    """Write tables of predictions into one file as they come; it appears when it is whole.

    Parameters
    ----------
    path : Path
        ``.csv``, ``.parquet``, or ``.npy``, which takes the clusters alone.
    frames : iterator of DataFrame
        All with the same columns.

    Returns
    -------
    int
        The number of rows.
    """
    write = {".csv": _write_csv, ".parquet": _write_parquet, ".npy": _write_npy}[path.suffix]
    with whole_file(path) as partial:
        return write(partial, frames)


def _write_csv(path: Path, frames: Iterator[pd.DataFrame]) -> int:
    n = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        for frame in frames:
            table = without_formulas(frame)
            table.to_csv(file, header=n == 0, **csv_format(table))
            n += len(frame)
    return n


def _write_parquet(path: Path, frames: Iterator[pd.DataFrame]) -> int:
    n, writer = 0, None
    try:
        for frame in frames:
            table = pa.Table.from_pandas(frame, preserve_index=False)
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
            n += len(frame)
    finally:
        if writer:
            writer.close()
    return n


def _write_npy(path: Path, frames: Iterator[pd.DataFrame]) -> int:
    clusters = np.concatenate([frame["cluster"].to_numpy() for frame in frames])  # 8 bytes each
    with path.open("wb") as file:
        np.save(file, clusters, allow_pickle=False)
    return len(clusters)
