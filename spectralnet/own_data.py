"""A user's own data: a file or folder to raw samples and labels, or a message that helps."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from scipy.sparse import csr_array
from sklearn.datasets import load_svmlight_file

from spectralnet.errors import DataError
from spectralnet.validation import check_finite

TABLES: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": pd.read_csv,
    ".parquet": pd.read_parquet,
}
IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}
TEXTS = {".txt", ".md"}


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
    if path.is_file():
        return _read_file(path, labels, text)
    if features := sorted(path.glob("features.*")):
        samples = _read_file(features[0], labels, text)
        if beside := sorted(path.glob("labels.*")):
            samples = samples._replace(labels=_number(_read_vector(beside[0])))
        return _with_matching_labels(samples, path)
    return _read_folder(path, labels, image_shape)


def _read_file(path: Path, labels: str | None, text: str | None) -> OwnSamples:
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty")
    try:
        if path.suffix in TABLES:
            return _from_table(path, TABLES[path.suffix](path), labels, text)
        if path.suffix == ".npy":
            return _from_array(path, np.load(path, allow_pickle=False), None)
        if path.suffix == ".npz":
            return _from_npz(path, labels)
        if path.suffix in (".svmlight", ".libsvm", ".svm"):
            x, y = load_svmlight_file(str(path))
            return _from_array(path, csr_array(x), y)
        if path.suffix in TEXTS:
            return _from_texts([*read_text(path).splitlines()], None)
    except DataError:
        raise
    except (ValueError, OSError, EOFError, KeyError) as error:
        hint = ". Convert it to UTF-8" if isinstance(error, UnicodeDecodeError) else ""
        raise DataError(f"{path} cannot be read: {error}{hint}") from error
    known = ", ".join([*TABLES, ".npy", ".npz", ".svmlight", *sorted(TEXTS)])
    raise DataError(f"{path} is of no known kind: {known}, or a folder of images or texts")


def _from_table(
    path: Path, table: pd.DataFrame, labels: str | None, text: str | None
) -> OwnSamples:
    for name, column in (("own.labels", labels), ("own.text", text)):
        if column is not None and column not in table:
            raise DataError(
                f"{name} = {column!r} is no column of {path}, whose columns are "
                f"{', '.join(map(str, table.columns))}"
            )
    y = None if labels is None else table.pop(labels).to_numpy()
    if text is not None:
        return _from_texts(table[text].fillna("").astype(str).tolist(), y)
    x = read_numbers(table, path, "drop or encode it, or name it as own.labels or own.text")
    return _from_array(path, x, y)._replace(columns=[str(name) for name in table.columns])


def read_numbers(
    table: pd.DataFrame, path: Path, way_out: str, first: int = 0
) -> NDArray[np.float64]:
    """Turn a table's columns into numbers, missing ones into NaN: (n, d).

    Parameters
    ----------
    table : DataFrame
    path : Path
        Of the file it is from, for messages, which end with the `way_out`.
    way_out : str
    first : int, default=0
        The number of the table's first row in the file.

    Raises
    ------
    DataError
        If a column holds something else, or all its names are numbers.
    """
    if pd.to_numeric(pd.Series(table.columns), errors="coerce").notna().all():
        raise DataError(
            f"{path} has no header: its columns are called {', '.join(map(str, table.columns))}. "
            "Add a first line with names"
        )
    columns = {}
    for name, column in table.items():
        dates = column.dtype.kind in "mM"
        numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
        bad = np.flatnonzero(column.notna() & (numbers.isna() | dates))
        if bad.size:
            raise DataError(
                f"{path}: column {name!r} holds {column.iloc[bad[0]]!r} in row {first + bad[0]}, "
                f"which is no number: {way_out}"
            )
        columns[name] = numbers
    return pd.DataFrame(columns).to_numpy()


def _from_npz(path: Path, labels: str | None) -> OwnSamples:
    with np.load(path, allow_pickle=False) as arrays:
        names = arrays.files
        if "format" in names:
            return _from_array(path, csr_array(scipy.sparse.load_npz(path)), None)
        if labels is not None and labels not in names:
            raise DataError(f"own.labels = {labels!r} is no array of {path}: {', '.join(names)}")
        others = [name for name in names if name != labels]
        if len(others) != 1:
            raise DataError(
                f"{path} holds {len(others)} arrays beside the labels ({', '.join(others)}): keep "
                "one, and name another as own.labels"
            )
        return _from_array(path, arrays[others[0]], None if labels is None else arrays[labels])


def _from_array(path: Path, x: Any, y: NDArray[Any] | None) -> OwnSamples:
    if x.dtype.kind not in "buif":
        raise DataError(f"{path} holds no numbers but {x.dtype}: convert them")
    if x.ndim not in (2, 3) or 0 in x.shape:
        raise DataError(
            f"{path} has shape {x.shape}: (n, d) for rows of numbers, or (n, height, width) for "
            "images, is needed"
        )
    check_finite(x, str(path))
    if not (x.nnz if isinstance(x, csr_array) else x.any()):
        raise DataError(f"{path} holds zeros only: nothing tells its rows apart")
    n = x.shape[0]
    samples = OwnSamples("numbers" if x.ndim == 2 else "images", x, _number(y, n), {}, np.arange(n))
    return _with_matching_labels(samples, path)


def _from_texts(
    texts: list[str], y: NDArray[Any] | None, names: Sequence[str] | None = None
) -> OwnSamples:
    """Keep texts that are not empty, and the first of equal ones."""
    labels = _number(y, len(texts))
    kept: dict[str, int] = {}
    dropped = {"empty": 0, "duplicates": 0}
    for row, text in enumerate(texts):
        if not text.strip():
            dropped["empty"] += 1
        elif kept.setdefault(text, row) != row:
            dropped["duplicates"] += 1
    rows = np.array(list(kept.values()), dtype=np.int64)
    return OwnSamples(
        "texts",
        np.array(list(kept), dtype=np.dtypes.StringDType()),
        labels[rows],
        dropped,
        rows if names is None else np.array(names)[rows],
    )


def list_files(folder: Path, suffixes: set[str]) -> list[Path]:
    """List the files in a folder and its folders whose names end with one of `suffixes`."""
    return sorted(
        file for file in folder.rglob("*") if file.is_file() and file.suffix.lower() in suffixes
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
    chosen = images or texts
    y = None if labels is None else np.array([file.parent.name for file in chosen])
    names = [file.relative_to(path).as_posix() for file in chosen]
    if texts:
        return _from_texts([read_text(file) for file in texts], y, names)
    pixels = read_images(images, image_shape)
    return OwnSamples("images", pixels, _number(y, len(images)), {}, np.array(names))


def read_images(files: Sequence[Path], shape: Sequence[int] | None) -> NDArray[np.uint8]:
    """Read images in shades of grey, brought to `shape` if given: (n, height, width).

    Raises
    ------
    DataError
        If a file is no image, or of another size than the first.
    """
    arrays = []
    for file in files:
        try:
            with Image.open(file) as image:
                grey = image.convert("L")
        except (UnidentifiedImageError, OSError) as error:
            raise DataError(f"{file} cannot be read as an image: {error}") from error
        if shape is not None:
            grey = grey.resize((shape[1], shape[0]))
        arrays.append(np.asarray(grey))
        if arrays[-1].shape != arrays[0].shape:
            raise DataError(
                f"{file} has shape {arrays[-1].shape}, but {files[0]} {arrays[0].shape}: set "
                "own.image_shape to [height, width], to which all are brought"
            )
    return np.stack(arrays)


def white_level(pixels: NDArray[Any]) -> float:
    """Return the value of a white pixel: the largest of its type, or of what is there."""
    return float(np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else pixels.max())


def read_text(path: Path) -> str:
    """Read a text file in UTF-8; a `DataError` says where it is not."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is no UTF-8 (byte {error.start}): convert it, as by iconv -f latin1 -t utf-8"
        ) from error


def _read_vector(path: Path) -> NDArray[Any]:
    """Read labels: an ``.npy``, a table of one column, or a line each."""
    if path.suffix == ".npy":
        return np.load(path, allow_pickle=False)
    if path.suffix in TABLES:
        table = TABLES[path.suffix](path)
        if table.shape[1] != 1:
            raise DataError(f"{path} has {table.shape[1]} columns: one, of labels, is needed")
        return table.iloc[:, 0].to_numpy()
    return np.array(read_text(path).splitlines())


def _number(y: Iterable[Any] | None, n: int = 0) -> NDArray[np.int64]:
    """Turn labels of any type into numbers, in sorted order; -1 is a missing one."""
    if y is None:
        return np.full(n, -1)
    return pd.factorize(pd.Series(list(y)), sort=True)[0].astype(np.int64)


def _with_matching_labels(samples: OwnSamples, path: Path) -> OwnSamples:
    n = samples.raw.shape[0]
    if len(samples.labels) != n:
        raise DataError(
            f"{path}: {len(samples.labels)} labels for {n} samples: give one each, or none"
        )
    return samples
