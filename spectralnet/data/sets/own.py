"""A user's own data: a file or folder to raw samples and labels, or a message that helps."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectralnet.checks import check_finite
from spectralnet.data.beside import as_texts, name_images
from spectralnet.data.files import find_one, reading, suffix_of
from spectralnet.data.labels import Labels, folder_labels, number_labels, read_labels
from spectralnet.data.reader import NAMED, Samples, Wanted, find_source, names_in, open_samples
from spectralnet.data.tables import TABLES, read_column
from spectralnet.errors import DataError

WAY_OUT = "drop what is no feature, or name it as labels, text or show"


class OwnSamples(NamedTuple):
    """What a file or folder holds."""

    kind: str  # "numbers", "images" or "texts"
    raw: NDArray[Any] | csr_array  # (n, d), (n, height, width) or (n,)
    labels: NDArray[np.int64]  # (n,), -1 where unknown
    dropped: dict[str, int]
    names: NDArray[Any]  # (n,): rows from 0, or the files of a folder
    columns: list[str] | None = None  # the names of a table's columns of numbers
    notes: tuple[str, ...] = ()  # see `Samples`
    shown: list[str] | None = None  # texts, or paths of images
    zero_based: bool | None = None  # see `Samples`
    classes: Sequence[str] = ()  # what each number of a label stands for


def read_own(
    path: Path,
    labels: str | None,
    text: str | None,
    image_shape: Sequence[int] | None,
    show: str | None = None,
) -> OwnSamples:
    """Read a user's file or folder.

    Parameters
    ----------
    path : Path
        What `open_samples` reads; or a folder of ``features.*``, such a file, and ``labels.*``.
    labels : str, optional
        A column of the table, an array of the ``.npz``; or "folder": images and texts lie in
        a folder for each class. By default there are none, but where ``labels.*`` or the
        svmlight format brings them.
    text : str, optional
        The column of a table that holds texts, to cluster by them.
    image_shape : (int, int), optional
        Height and width to bring images to; by default all have to be of one size.
    show : str, optional
        A column of a table of numbers that holds texts, or names of images from the table's folder
        on: it is shown, and no feature.

    Returns
    -------
    OwnSamples
        Labels of any type are numbered in their sorted order; missing ones are -1.

    Raises
    ------
    DataError
        Naming the file, the row or column, and the way out.
    """
    source = find_source(path)
    with reading(source):
        _check_settings(source, labels, text, show)
    wanted = Wanted(WAY_OUT, labels=labels, image_shape=image_shape, chunk=sys.maxsize)
    if text is not None:
        wanted = wanted._replace(texts=True, columns=[text])
    elif show is not None:
        columns = [name for name in names_in(source) if name not in (labels, show)]
        wanted = wanted._replace(columns=columns)
    samples = open_samples(source, wanted)
    if image_shape is not None and not (samples.kind == "images" and source.is_dir()):
        raise DataError(
            f"image_shape = {list(image_shape)}, but {source} is no folder of images: set "
            "image_shape: null"
        )
    parts: list[Any] = list(samples.chunks)  # one, but of a large parquet file
    y = _labels(path, source, labels, samples)
    if samples.kind == "texts":
        texts = [text for part in parts for text in part]
        return _distinct_texts(source, texts, y, samples.names)._replace(notes=samples.notes)
    raw = parts[0] if len(parts) == 1 else np.concatenate(parts)
    _check_numbers(raw, source, samples.columns)
    n = raw.shape[0]
    names = np.arange(n) if samples.names is None else np.array(samples.names)
    y_numbers, classes = number_labels(y, n)
    with reading(source):
        shown = None if show is None else _shown(source, show)
    return OwnSamples(
        samples.kind,
        raw,
        y_numbers,
        {},
        names,
        samples.columns,
        samples.notes,
        shown,
        samples.zero_based,
        classes,
    )


def _shown(source: Path, column: str) -> list[str]:
    """Return texts as they are; names of images, if all are that, as paths of files that exist."""
    texts = as_texts(read_column(source, column).tolist())
    if not name_images(texts):
        return texts
    paths = [source.parent / text for text in texts]
    for row, path in enumerate(paths):
        if not path.is_file():
            raise DataError(
                f"{source}: {column!r} names {path} in row {row}, which is not there: names are "
                "from the folder of the table on"
            )
    return [str(path) for path in paths]


def _check_settings(source: Path, labels: str | None, text: str | None, show: str | None) -> None:
    """Refuse names of what the file or folder cannot have, or has not."""
    if show is not None and (suffix_of(source) not in TABLES or text is not None):
        raise DataError(
            f"show = {show!r} is of a table of numbers: with texts, or {source}, set show: null"
        )
    if text is not None and suffix_of(source) not in TABLES:
        raise DataError(f"text = {text!r}, but {source} is no table: set text: null")
    if labels is not None and labels == text:
        raise DataError(f"labels and text are both {text!r}: name two columns")
    if source.is_dir():
        if labels not in (None, "folder"):
            raise DataError(f"labels = {labels!r}: for a folder it is null or folder")
        if beside := sorted(source.glob("labels.*")):
            raise DataError(
                f"{beside[0]} labels features.* in the same folder, which is not there: put the "
                "texts into features.txt, one a line, or files into a folder for each class"
            )
    elif suffix_of(source) in NAMED:
        names = names_in(source)
        for setting, name in (("labels", labels), ("text", text), ("show", show)):
            if name is not None and name not in names:
                raise DataError(
                    f"{setting} = {name!r} is not in {source}, which holds {', '.join(names)}"
                )
    elif labels is not None:
        raise DataError(
            f"labels = {labels!r}, but {source} holds nothing by that name: put it as "
            "features.* beside labels.* into a folder, which is own.path, and set labels: null"
        )


def _labels(path: Path, source: Path, labels: str | None, samples: Samples) -> Labels | None:
    """Return the labels that are named, or lie beside the features, or come with them."""
    if labels is not None and source.is_dir():
        return folder_labels(samples.names or [], source)
    if labels is not None:
        return read_labels(source, labels)
    if path.is_dir() and (beside := find_one(path, "labels.*")):
        return read_labels(beside)
    return None if samples.labels is None else Labels(samples.labels, source)


def _check_numbers(x: Any, path: Path, columns: list[str] | None) -> None:
    """Refuse numbers, or images, that no net can learn from."""
    check_finite(x, str(path), columns)
    largest = max(abs(x.max()), abs(x.min())) if x.dtype.kind == "f" else 0
    if largest > np.finfo(np.float32).max:
        raise DataError(f"{path} holds numbers beyond float32, {largest}: scale them down")
    if isinstance(x, csr_array):
        x.eliminate_zeros()
    if not (x.nnz if isinstance(x, csr_array) else x.any()):
        raise DataError(f"{path} holds zeros only: nothing tells its rows apart")


def _distinct_texts(
    path: Path, texts: Sequence[str], y: Labels | None, names: Sequence[str] | None
) -> OwnSamples:
    """Keep texts that are not empty, and the first of equal ones."""
    labels, classes = number_labels(y, len(texts))
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
        classes=classes,
    )
