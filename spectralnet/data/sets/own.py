"""A user's own data: a file or folder to raw samples and labels, or a message that helps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.datasets import load_svmlight_file

from spectralnet.artifacts import load_array
from spectralnet.checks import check_finite
from spectralnet.data.files import (
    IMAGES,
    TABLES,
    TEXTS,
    check_table,
    list_files,
    read_images,
    read_lines,
    read_numbers,
    read_sparse,
    read_text,
    reading,
)
from spectralnet.data.labels import Labels, folder_labels, number_labels, read_labels
from spectralnet.errors import DataError


class OwnSamples(NamedTuple):
    """What a file or folder holds."""

    kind: str  # "numbers", "images" or "texts"
    raw: NDArray[Any] | csr_array  # (n, d), (n, height, width) or (n,)
    labels: NDArray[np.int64]  # (n,), -1 where unknown
    dropped: dict[str, int]
    names: NDArray[Any]  # (n,): rows from 0, or the files of a folder
    columns: list[str] | None = None  # the names of a table's columns of numbers


def read_own(
    path: Path, labels: str | None, text: str | None, image_shape: Sequence[int] | None
) -> OwnSamples:
    """Read a user's file or folder.

    Parameters
    ----------
    path : Path
        A file: ``.npy``, ``.npz`` (NumPy's or SciPy's), ``.csv``, ``.parquet``,
        ``.svmlight``, or ``.txt`` with a document a line. Or a folder: of images, of text
        files, or of ``features.*`` and ``labels.*``, each a file as above.
    labels : str, optional
        A column of the table, an array of the ``.npz``; or "folder": images and texts lie in
        a folder for each class. By default there are none, but where ``labels.*`` or the
        svmlight format brings them.
    text : str, optional
        The column of a table that holds texts, to cluster by them.
    image_shape : (int, int), optional
        Height and width to bring images to; by default all have to be of one size.

    Returns
    -------
    OwnSamples
        Labels of any type are numbered in their sorted order; missing ones are -1.

    Raises
    ------
    DataError
        Naming the file, the row or column, and the way out.
    """
    if not path.exists():
        raise DataError(f"own.path = {path} does not exist")
    if image_shape is not None and not (path.is_dir() and list_files(path, IMAGES)):
        raise DataError(
            f"own.image_shape = {list(image_shape)}, but {path} is no folder of images: set "
            "own.image_shape: null"
        )
    if path.is_file():
        return _read_file(path, labels, text)
    if features := _only(path, "features.*"):
        beside = _only(path, "labels.*")
        return _read_file(features, labels, text, read_labels(beside) if beside else None)
    if text is not None:
        raise DataError(f"own.text = {text!r}, but {path} is no table: set own.text: null")
    return _read_folder(path, labels, image_shape)


def _only(folder: Path, pattern: str) -> Path | None:
    """Return the file of a folder that fits a pattern, if there is one."""
    files = sorted(folder.glob(pattern))
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise DataError(f"{folder} holds more than one {pattern}: keep one of {names}")
    return files[0] if files else None


def _read_file(
    path: Path, labels: str | None, text: str | None, y: Labels | None = None
) -> OwnSamples:
    """Read a file, with the labels `y` from beside it or those that it holds itself."""
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty")
    if text is not None and path.suffix not in TABLES:
        raise DataError(f"own.text = {text!r}, but {path} has no named columns: set own.text: null")
    if labels is not None and path.suffix not in (*TABLES, ".npz"):
        raise DataError(
            f"own.labels = {labels!r}, but {path} holds nothing by that name: put it as features.* "
            "beside labels.* into a folder, which is own.path, and set own.labels: null"
        )
    with reading(path):
        if path.suffix in TABLES:
            return _from_table(path, TABLES[path.suffix](path, [labels, text]), labels, text, y)
        if path.suffix == ".npy":
            return _from_array(path, load_array(path), y)
        if path.suffix == ".npz":
            return _from_npz(path, labels, y)
        if path.suffix in (".svmlight", ".libsvm", ".svm"):
            x, own = load_svmlight_file(str(path))
            return _from_array(path, csr_array(x), Labels(own, path) if y is None else y)
        if path.suffix in TEXTS:
            return _from_texts(path, read_lines(path), y)
    known = ", ".join([*TABLES, ".npy", ".npz", ".svmlight", *sorted(TEXTS)])
    raise DataError(f"{path} is of no known kind: {known}, or a folder of images or texts")


def _from_table(
    path: Path,
    table: pd.DataFrame,
    labels: str | None,
    text: str | None,
    y: Labels | None,
) -> OwnSamples:
    if labels is not None and labels == text:
        raise DataError(f"own.labels and own.text are both {text!r}: name two columns")
    for name, column in (("own.labels", labels), ("own.text", text)):
        if column is not None and column not in table:
            raise DataError(
                f"{name} = {column!r} is no column of {path}, whose columns are "
                f"{', '.join(map(str, table.columns))}"
            )
    check_table(table, path)
    if labels is not None:
        y = Labels(table.pop(labels).to_numpy(), path)
    if text is not None:
        return _from_texts(path, table[text].astype("string").fillna("").tolist(), y)
    x = read_numbers(table, path, "drop or encode it, or name it as own.labels or own.text")
    return _from_array(path, x, y, [str(name) for name in table.columns])


def _from_npz(path: Path, labels: str | None, y: Labels | None) -> OwnSamples:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        names = arrays.files
        if "format" in names and labels is None:
            return _from_array(path, read_sparse(path), y)
        if labels is not None and labels not in names:
            raise DataError(f"own.labels = {labels!r} is no array of {path}: {', '.join(names)}")
        others = [name for name in names if name != labels]
        if len(others) != 1:
            raise DataError(
                f"{path} holds {len(others)} arrays beside the labels ({', '.join(others)}): keep "
                "one, and name another as own.labels"
            )
        own = y if labels is None else Labels(arrays[labels], path)
        return _from_array(path, arrays[others[0]], own)


def _from_array(
    path: Path, x: Any, y: Labels | None, columns: list[str] | None = None
) -> OwnSamples:
    if x.dtype.kind not in "buif":
        raise DataError(f"{path} holds no numbers but {x.dtype}: convert them")
    if x.ndim not in (2, 3) or 0 in x.shape:
        raise DataError(
            f"{path} has shape {x.shape}: (n, d) for rows of numbers, or (n, height, width) for "
            "images, is needed"
        )
    check_finite(x, str(path), columns)
    if x.dtype.kind == "f" and abs(x).max() > np.finfo(np.float32).max:
        raise DataError(f"{path} holds numbers beyond float32, {abs(x).max()}: scale them down")
    if isinstance(x, csr_array):
        x.eliminate_zeros()
    if not (x.nnz if isinstance(x, csr_array) else x.any()):
        raise DataError(f"{path} holds zeros only: nothing tells its rows apart")
    n = x.shape[0]
    kind = "numbers" if x.ndim == 2 else "images"
    return OwnSamples(kind, x, number_labels(y, n), {}, np.arange(n), columns)


def _from_texts(
    path: Path, texts: list[str], y: Labels | None, names: Sequence[str] | None = None
) -> OwnSamples:
    """Keep texts that are not empty, and the first of equal ones."""
    labels = number_labels(y, len(texts))
    kept: dict[str, int] = {}
    dropped = {"empty": 0, "duplicates": 0}
    for row, text in enumerate(texts):
        if not text.strip():
            dropped["empty"] += 1
        elif kept.setdefault(text, row) != row:
            dropped["duplicates"] += 1
    if not kept:
        raise DataError(f"{path} holds no text: all {len(texts)} are empty")
    rows = np.array(list(kept.values()), dtype=np.int64)
    return OwnSamples(
        "texts",
        np.array(list(kept), dtype=np.dtypes.StringDType()),
        labels[rows],
        dropped,
        rows if names is None else np.array(names)[rows],
    )


def _read_folder(path: Path, labels: str | None, image_shape: Sequence[int] | None) -> OwnSamples:
    images, texts = list_files(path, IMAGES), list_files(path, TEXTS)
    if bool(images) == bool(texts):
        found = "both images and texts" if images else "neither images nor texts"
        raise DataError(
            f"{path} holds {found}: {', '.join(sorted(IMAGES))} or {', '.join(sorted(TEXTS))} are "
            "needed, or features.* and labels.*"
        )
    if labels not in (None, "folder"):
        raise DataError(f"own.labels = {labels!r}: for a folder it is null or folder")
    if beside := sorted(path.glob("labels.*")):
        raise DataError(
            f"{beside[0]} labels features.* in the same folder, which is not there: put the texts "
            "into features.txt, one a line, or files into a folder for each class"
        )
    chosen = images or texts
    y = None if labels is None else folder_labels(chosen, path)
    names = [file.relative_to(path).as_posix() for file in chosen]
    if texts:
        return _from_texts(path, [read_text(file) for file in texts], y, names)
    pixels = read_images(images, image_shape)
    return OwnSamples("images", pixels, number_labels(y, len(images)), {}, np.array(names))
