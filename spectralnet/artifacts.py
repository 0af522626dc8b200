"""Artifacts on disk: each is written whole or not at all, and none is a pickle."""

import csv
import errno
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from scipy.sparse import csr_array

from spectralnet.errors import StorageError
from spectralnet.matrices import Matrix

EXAMPLE = "example.json"  # a few raw samples
FULL = (
    r"\d+ requested and \d+ written",  # NumPy
    "unexpected pos",  # torch
    "PytorchStreamWriter failed",
    r"os error (27|28|122)\b",  # safetensors
    "database or disk is full",  # SQLite
)
ZIPPED = (b"PK\x03\x04", b"PK\x05\x06")
CSR_ARRAYS = ("data", "indices", "indptr")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; rename it to `path` when the block ends well.

    A `StorageError` if the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = beside(path)
    try:
        with full_disk_told(path):
            yield partial
            _sync(partial)  # or a power loss may leave a name without contents
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def beside(path: Path) -> Path:
    """Return a name that nobody else uses: of two containers, a process may have one number."""
    return path.with_name(f".{path.name}.{secrets.token_hex(6)}.partial")


def remove_partial(folder: Path) -> None:
    """Remove what writers that were killed left right in a folder to which nobody else writes."""
    for partial in folder.glob(".*.partial"):
        shutil.rmtree(partial) if partial.is_dir() else partial.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


@contextmanager
def full_disk_told(path: Path) -> Iterator[None]:
    """Turn what libraries raise where a disk is full into a `StorageError` that says so."""
    try:
        yield
    except Exception as error:
        if not _is_full(error):
            raise
        raise StorageError(
            f"{getattr(error, 'filename', None) or path} cannot be written, since the disk (or a "
            "quota) is full: free some space, and give the same command again"
        ) from error


def _is_full(error: Exception) -> bool:
    """Tell a full disk, also by what libraries say that do not pass the system's number on."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return re.search("|".join(FULL), str(error)) is not None


def content_hash(*paths: Path) -> str:
    """Return the SHA-256 of the contents of files, and of all files in folders, in this order."""
    digest = hashlib.sha256()
    for path in paths:
        inside = sorted(file for file in path.rglob("*") if file.is_file())
        for file in inside if path.is_dir() else [path]:
            with file.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array as ``.npy``."""
    with whole_file(path) as partial, partial.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def save_rows(path: Path, shape: tuple[int, ...], parts: Iterable[NDArray[np.float32]]) -> None:
    """Write an array of float32, which comes a block of rows at a time, as ``.npy``."""
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    with whole_file(path) as partial, partial.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for part in parts:
            file.write(np.ascontiguousarray(part, dtype="<f4").data)


def load_array(path: Path) -> NDArray[Any]:
    """Map an ``.npy`` file into memory; what is assigned to it does not reach the file."""
    with path.open("rb") as file:
        if file.read(4) in ZIPPED:  # of which NumPy leaves a damaged one open
            raise ValueError("it is an archive of arrays: name it .npz")
    try:
        return np.load(path, mmap_mode="c", allow_pickle=False)
    except ValueError as error:
        if "pickled" in str(error):  # whatever does not begin as NumPy's files do
            raise ValueError("it is no array that NumPy wrote") from error
        if "Python objects" not in str(error):
            raise
        raise ValueError("it holds Python objects: save numbers or text (astype(str))") from error


def save_matrix(folder: Path, x: Matrix) -> None:
    """Write a matrix as ``dense.npy``, or a sparse one as the arrays of its CSR format."""
    if not isinstance(x, csr_array):
        save_array(folder / "dense.npy", np.asarray(x))
        return
    for name in CSR_ARRAYS:
        save_array(folder / f"{name}.npy", getattr(x, name))
    save_json(folder / "shape.json", list(x.shape))


def load_matrix(folder: Path) -> Matrix:
    """Map what `save_matrix` wrote into memory."""
    if (folder / "dense.npy").exists():
        return load_array(folder / "dense.npy")
    arrays = tuple(load_array(folder / f"{name}.npy") for name in CSR_ARRAYS)
    return csr_array(arrays, shape=load_json(folder / "shape.json"))


def save_graph(path: Path, graph: csr_array) -> None:
    """Write a sparse matrix as SciPy's ``.npz``."""
    with whole_file(path) as partial, partial.open("wb") as file:
        scipy.sparse.save_npz(file, graph, compressed=False)


def load_graph(path: Path) -> csr_array:
    """Read a sparse matrix from SciPy's ``.npz``."""
    return csr_array(scipy.sparse.load_npz(path))


def save_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, NumPy's numbers and arrays as such.

    A `ValueError` if a number is NaN or infinite, which JSON has not.
    """
    text = json.dumps(value, indent=2, allow_nan=False, default=lambda array: array.tolist())
    with whole_file(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def load_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def save_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV."""
    with whole_file(path) as partial:
        table.to_csv(partial, **csv_format(table))


def csv_format(table: pd.DataFrame) -> dict[str, Any]:
    r"""Say how pandas is to write a table: texts in quotes where one holds a \r, else left bare."""
    texts = table.select_dtypes(["object", "string"])
    bare = any(column.astype(str).str.contains("\r").any() for _, column in texts.items())
    return {"index": False, "quoting": csv.QUOTE_NONNUMERIC if bare else csv.QUOTE_MINIMAL}


def without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """Put ' before texts, such as names of files, that a spreadsheet would take for formulas."""
    texts = table.select_dtypes(["object", "string"]).columns
    risky = {name: table[name].astype(str).str.match(r"[=+\-@\t\r]") for name in texts}
    safe = {name: table[name].mask(risky[name], "'" + table[name].astype(str)) for name in texts}
    return table.assign(**safe)


def save_weights(path: Path, module: torch.nn.Module) -> None:
    """Write a module's parameters and buffers as ``.safetensors``."""
    tensors = {name: tensor.contiguous().cpu() for name, tensor in module.state_dict().items()}
    with whole_file(path) as partial:
        save_file(tensors, partial)


def load_weights(path: Path, module: torch.nn.Module) -> None:
    """Read a module's parameters and buffers from ``.safetensors``."""
    module.load_state_dict(load_file(path))
