"""The one reader: a file or a folder to raw samples, a chunk at a time, to fit or to predict."""

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse

from spectralnet.artifacts import load_array
from spectralnet.checks import MOST_FEATURES
from spectralnet.data.files import (
    IMAGES,
    LONGEST_LINE,
    TEXTS,
    WRITTEN,
    check_content,
    find_one,
    left_out,
    list_files,
    open_npz,
    read_images,
    read_lines,
    read_sparse,
    read_text,
    reading,
    suffix_of,
)
from spectralnet.data.pixels import has_channels, shades_of_grey
from spectralnet.data.preparation import Raw
from spectralnet.data.svmlight import read_svmlight
from spectralnet.data.tables import TABLES, check_header, holds_lists, read_columns, table_columns
from spectralnet.errors import DataError, ParameterError

NAMED = (*TABLES, ".npz")  # what holds columns or arrays by name
SVMLIGHT = (".svmlight", ".libsvm", ".svm")
FILES = (*TABLES, ".npy", ".npz", *SVMLIGHT, *sorted(TEXTS))


class Wanted(NamedTuple):
    """What to read where a file or folder leaves a choice."""

    way_out: str  # what to do about a column or array that is no sample, for messages
    texts: bool | None = None  # what it has to hold; by default anything, a table numbers
    columns: Sequence[str] | None = None  # or one array; by default all but the labels
    labels: str | None = None  # the column or array of that name, which is left out
    image_shape: Sequence[int] | None = None  # to which a folder's images are brought
    n_columns: int | None = None  # of svmlight's rows; by default as many as the file has
    zero_based: bool | None = None  # whether these count from 0; by default as the file shows
    chunk: int = 8192  # samples at once


class Samples(NamedTuple):
    """What a file or folder holds; a chunk is read when it is asked for."""

    kind: str  # "numbers", "images" or "texts"
    chunks: Iterator[Raw]  # (n, d), dense or sparse; (n, height, width); or n texts
    names: list[str] | None = None  # the files of a folder
    columns: list[str] | None = None  # of a table of numbers
    labels: NDArray[Any] | None = None  # (n,), which only svmlight brings
    zero_based: bool | None = None  # whether its columns count from 0
    notes: tuple[str, ...] = ()  # what a user should know of what was left out


def find_source(path: Path) -> Path:
    """Return what is read: a file, a folder, or the ``features.*`` in it; it has to be there."""
    if not path.exists():
        raise DataError(f"{path} does not exist")
    source = (find_one(path, "features.*") if path.is_dir() else None) or path
    if not source.is_dir():
        if not source.is_file():  # a pipe would be waited for
            raise DataError(f"{source} is neither a file nor a folder")
        if suffix_of(source) not in FILES:
            raise DataError(
                f"{source} is of no known kind: {', '.join(FILES)}, or a folder of images or texts"
            )
        with reading(source):
            check_content(source)
            _check_lines(source)
    return source


def _check_lines(path: Path) -> None:
    """Refuse a line that could be read only by holding many times its length in memory."""
    packed = path.suffix.lower() == ".gz"
    if suffix_of(path) not in (*WRITTEN, *SVMLIGHT):
        return
    if path.stat().st_size <= LONGEST_LINE and not packed:
        return
    with gzip.open(path) if packed else path.open("rb") as file:
        number = 1
        while line := file.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise DataError(
                    f"{path} has more than {LONGEST_LINE} bytes in line {number}: cut it"
                )
            number += 1


def open_samples(source: Path, wanted: Wanted) -> Samples:
    """Open a file or a folder of samples.

    Parameters
    ----------
    source : Path
        As of `find_source`. A file: ``.npy``, ``.npz`` (NumPy's or SciPy's), ``.csv`` and
        ``.tsv`` with a header, ``.jsonl``, ``.parquet``, ``.svmlight``, or ``.txt`` and ``.md``
        with a text a line. Or a folder of images or of text files, those of its folders
        included, which are taken by name: whichever are more, unless it is known what is
        wanted. ``.npz`` and ``.svmlight`` are read as a whole.
    wanted : Wanted

    Raises
    ------
    DataError
        If the source is damaged, or holds no samples or others; where it
        can be known, with row and column. Reading the chunks raises it as well.
    ParameterError
        If columns are chosen of what has none by name.
    """
    suffix = suffix_of(source)
    if wanted.columns is not None and suffix not in NAMED:
        raise ParameterError(f"{source} has no named columns to choose from")
    with reading(source):
        if source.is_dir():
            samples = _open_folder(source, wanted)
        elif suffix in TABLES:
            samples = _open_table(source, wanted)
        elif suffix in TEXTS:
            samples = Samples("texts", read_lines(source, wanted.chunk))
        elif suffix in SVMLIGHT:
            x, y, zero_based = read_svmlight(source, wanted.n_columns, wanted.zero_based)
            samples = _open_array(source, x, wanted)._replace(labels=y, zero_based=zero_based)
        elif suffix == ".npz":
            samples = _open_array(source, _read_npz(source, wanted), wanted)
        else:
            samples = _open_array(source, load_array(source), wanted)
    if wanted.texts is not None and wanted.texts != (samples.kind == "texts"):
        taken = "texts" if wanted.texts else "numbers"
        raise DataError(f"{source} holds {samples.kind}, but the model takes {taken}")
    return samples._replace(chunks=_guarded(samples.chunks, source))


def names_in(source: Path) -> list[str]:
    """Return the names of a table's columns, or of the arrays in an ``.npz``."""
    if suffix_of(source) in TABLES:
        return table_columns(source)
    with open_npz(source) as file, np.load(file, allow_pickle=False) as arrays:
        return arrays.files


def _guarded(chunks: Iterator[Raw], source: Path) -> Iterator[Raw]:
    """Name the source in whatever reading raises, and where there is nothing to read."""
    found = False
    with reading(source):
        for chunk in chunks:
            found = True
            yield chunk
    if not found:
        raise DataError(f"{source} holds no samples")


def _open_folder(folder: Path, wanted: Wanted) -> Samples:
    images, texts = list_files(folder, IMAGES), list_files(folder, TEXTS)
    if len(images) == len(texts) and (not images or wanted.texts is None):
        found = "as many images as texts" if images else "neither images nor texts"
        others = "; ".join(left_out(folder, [*images, *texts], "such files"))
        raise DataError(
            f"{folder} holds {found}: {', '.join(sorted(IMAGES))} or {', '.join(sorted(TEXTS))} "
            "are needed, or features.* and labels.*" + (others and f" ({others})")
        )
    as_texts = len(texts) > len(images) if wanted.texts is None else wanted.texts
    files = (texts or images) if as_texts else (images or texts)
    notes = left_out(folder, files, "images" if files is images else "texts")
    names = [file.relative_to(folder).as_posix() for file in files]
    parts = (files[start : start + wanted.chunk] for start in range(0, len(files), wanted.chunk))
    if files is images:
        chunks: Iterator[Raw] = (read_images(part, wanted.image_shape) for part in parts)
        return Samples("images", chunks, names, notes=notes)
    chunks = ([read_text(file) for file in part] for part in parts)
    return Samples("texts", chunks, names, notes=notes)


def _open_table(path: Path, wanted: Wanted) -> Samples:
    if wanted.columns is None:  # else those names prove that there is a header
        check_header(path)
    chosen = _choose(path, wanted)
    if wanted.texts and len(chosen) != 1:
        raise DataError(
            f"{path} has the columns {chosen}: choose the one that holds the texts (`--columns`)"
        )
    chunks = read_columns(path, chosen, bool(wanted.texts), wanted.way_out, wanted.chunk)
    if wanted.texts:
        return Samples("texts", chunks)
    return Samples("numbers", chunks, columns=None if holds_lists(path, chosen) else chosen)


def _choose(path: Path, wanted: Wanted) -> list[str]:
    """Choose columns of a table, or arrays of an ``.npz``, by name."""
    names = names_in(path)
    chosen = list(wanted.columns or [name for name in names if name != wanted.labels])
    if missing := sorted(set(chosen) - set(names)):
        raise DataError(f"{path} has no {missing}: it holds {', '.join(names)}")
    if not chosen:
        raise DataError(f"{path} has nothing to read beside the labels")
    return chosen


def _read_npz(path: Path, wanted: Wanted) -> NDArray[Any] | csr_array:
    if wanted.labels is None and wanted.columns is None and "format" in names_in(path):
        return read_sparse(path)
    chosen = _choose(path, wanted)
    if len(chosen) > 1:
        raise DataError(
            f"{path} holds {len(chosen)} arrays ({', '.join(chosen)}), but one is needed: "
            f"{wanted.way_out}"
        )
    with open_npz(path) as file, np.load(file, allow_pickle=False) as arrays:
        return arrays[chosen[0]]


def _open_array(path: Path, x: NDArray[Any] | csr_array, wanted: Wanted) -> Samples:
    kind = "images" if x.ndim > 2 else "numbers"
    if x.dtype.kind == "U" and x.ndim == 1:
        kind = "texts"
    elif x.dtype.kind not in "buif":
        raise DataError(f"{path} holds no numbers but {x.dtype}: convert them")
    elif (x.ndim not in (2, 3) and not has_channels(x.shape)) or 0 in x.shape[1:]:
        raise DataError(
            f"{path} has shape {x.shape}: (n, d) for rows of numbers, or (n, height, width) for "
            "images, also with 1 or 3 channels, is needed"
        )
    if x.ndim == 2 and x.shape[1] > MOST_FEATURES:
        raise DataError(f"{path} has {x.shape[1]} columns: at most {MOST_FEATURES} can be used")
    n, size = x.shape[0], wanted.chunk
    # What fits into one chunk is not cut: a sparse matrix would be copied.
    parts = (x if n <= size else x[start : start + size] for start in range(0, n, size))
    return Samples(kind, map(_usual, parts))


def _usual(part: Raw) -> Raw:
    """Bring images in colours to grey, and long doubles, which JSON has not, to doubles."""
    if part.dtype.kind == "f" and part.dtype.itemsize > 8:
        part = part.astype(np.float64)
    return part if issparse(part) else shades_of_grey(part)
