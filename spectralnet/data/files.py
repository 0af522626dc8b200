"""Images, texts and sparse matrices in files, or a message that helps."""

import codecs
import gzip
import sys
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageOps
from scipy.sparse import csr_array, load_npz

from spectralnet.checks import check_fits_memory
from spectralnet.errors import DataError
from spectralnet.matrices import as_csr

IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".pgm", ".ppm"}
TEXTS = {".txt", ".md"}
COMPRESSED = (".csv", ".tsv", ".jsonl")  # with .gz, too
WRITTEN = {*COMPRESSED, *TEXTS}  # in UTF-8
LONGEST_LINE = 2**26  # bytes, or of a file that is one text
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# RuntimeError is what zipfile raises where damage looks like encryption or another version.
ARCHIVE_ERRORS = (zipfile.BadZipFile, zlib.error, RuntimeError)
IMAGE_ERRORS = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
IMAGE_WARNINGS = (UserWarning, RuntimeWarning)  # by which Pillow tells damage that it reads over


def suffix_of(path: Path) -> str:
    """Return how a file's name ends, in small letters; of a compressed table what it holds."""
    *_, before, last = ["", "", *(suffix.lower() for suffix in path.suffixes)]
    return before if last == ".gz" and before in COMPRESSED else last


def check_content(path: Path) -> None:
    """Refuse a file that plainly holds something else than its name says: a `DataError`."""
    with path.open("rb") as file:
        head = file.read(512)
    written = suffix_of(path) in WRITTEN and path.suffix.lower() != ".gz"
    page = head.lstrip().lower().startswith((b"<!doctype html", b"<html"))
    zeros = [part.count(0) > len(part) / 2 for part in (head[::2], head[1::2])]
    found = None
    if not head:
        found = "is empty"
    elif head.startswith(b"version https://git-lfs"):
        found = "is a pointer of Git LFS: fetch the file itself, by git lfs pull"
    elif page and path.suffix.lower() not in TEXTS:
        found = "is a web page: download the file itself"
    elif written and head.startswith(b"\x1f\x8b"):
        found = f"is compressed: unpack it, or name a table so, as x{COMPRESSED[0]}.gz"
    elif written and head.startswith(b"PK\x03\x04"):
        found = "is an archive, or a workbook of Excel: save it as CSV in UTF-8"
    elif written and (head.startswith(UTF16) or any(zeros)):
        found = "is UTF-16: convert it, as by iconv -f utf-16 -t utf-8"
    if found:
        raise DataError(f"{path} {found}")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever a damaged file raises into a `DataError` that names it."""
    try:
        yield
    except DataError:
        raise
    except UnicodeDecodeError as error:
        raise _not_utf8(path, error) from error
    except pd.errors.ParserError as error:
        message = f"{path} cannot be read: {str(error).strip()}: quote or repair it"
        raise DataError(message) from error
    except (OSError, EOFError, ValueError, TypeError, KeyError, *ARCHIVE_ERRORS) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    except (SyntaxError, tokenize.TokenError) as error:  # NumPy's headers are Python
        raise DataError(f"{path} cannot be read: its header is damaged") from error
    except (ArithmeticError, MemoryError) as error:  # sizes that no machine has
        raise DataError(f"{path} asks for more memory than there is: {error}") from error


def _not_utf8(path: Path, error: UnicodeDecodeError) -> DataError:
    """Say where a file stops being UTF-8, and what to do."""
    if suffix_of(path) not in WRITTEN:
        return DataError(f"{path} cannot be read: {error}")
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rb") as file:
        number = next((i for i, line in enumerate(file, 1) if not _is_utf8(line)), "its last")
    return DataError(
        f"{path} is no UTF-8 in line {number}: convert it, as by iconv -f latin1 -t utf-8"
    )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def open_npz(path: Path) -> Iterator[IO[bytes]]:
    """Open an archive of arrays whose parts, once they are inflated, fit into memory."""
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise DataError(f"{path} cannot be read: it is no .npz")
        file.seek(0)
        with zipfile.ZipFile(file) as parts:
            check_fits_memory(sum(part.file_size for part in parts.infolist()), str(path))
        file.seek(0)
        yield file


def list_files(folder: Path, suffixes: set[str]) -> list[Path]:
    """List the files in a folder and its folders whose names end with one of `suffixes`.

    What is hidden, such as copies that editors and macOS keep, is left out.
    """
    listed = [p for p in _shown(folder) if p.suffix.lower() in suffixes and p.is_file()]
    for name in (str(file.relative_to(folder)) for file in listed):
        if not name.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in name):
            raise DataError(f"{folder} holds {name!r}, a name that is no UTF-8: rename it")
    return listed


def left_out(folder: Path, taken: Sequence[Path], kind: str) -> tuple[str, ...]:
    """Say which files of a folder, hidden ones aside, are not among those that are taken.

    Nor are those in linked folders, which are not looked into.
    """
    others = [file for file in _shown(folder) if file.is_file() or file.is_symlink()]
    names = [
        file.relative_to(folder).as_posix() + (" (linked)" if file.is_dir() else "")
        for file in sorted({*others} - {*taken})
    ]
    if not names:
        return ()
    named = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return (f"left out of {folder}, since they are no {kind}: {len(names)} ({named})",)


def _shown(folder: Path) -> list[Path]:
    paths = folder.rglob("*")
    return sorted(
        p for p in paths if not any(n.startswith(".") for n in p.relative_to(folder).parts)
    )


def find_one(folder: Path, pattern: str) -> Path | None:
    """Return the file that fits, but for ``.dvc`` and backups; more than one are refused."""
    files = sorted(file for file in folder.glob(pattern) if not file.name.endswith((".dvc", "~")))
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise DataError(f"{folder} holds more than one {pattern}: keep one of {names}")
    return files[0] if files else None


def read_images(files: Sequence[Path], shape: Sequence[int] | None) -> NDArray[np.uint8]:
    """Read images as they are shown, in 256 shades of grey: (n, height, width).

    They are turned as their camera says, what is transparent lies on white, and all are brought
    to `shape` if it is given.

    Raises
    ------
    DataError
        If a file is no image, damaged, of several pages, of another size than the first, or of
        pixels without a white.
    """
    arrays = []
    for file in files:
        arrays.append(_read_image(file, shape))
        if arrays[-1].shape != arrays[0].shape:
            raise DataError(
                f"{file} has shape {arrays[-1].shape}, but {files[0]} {arrays[0].shape}: set "
                "image_shape to [height, width], to which all are brought"
            )
    return np.stack(arrays)


def _read_image(file: Path, shape: Sequence[int] | None) -> NDArray[np.uint8]:
    try:
        with warnings.catch_warnings():
            for damage in IMAGE_WARNINGS:
                warnings.simplefilter("error", damage)
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # twice as many: error
            with Image.open(file) as image:
                return shown_in_grey(image, str(file), shape)
    except DataError:
        raise
    except IMAGE_ERRORS as error:
        raise DataError(f"{file} cannot be read as an image: {error}") from error
    except IMAGE_WARNINGS as warning:
        said = str(warning).strip().rstrip(".")
        raise DataError(f"{file} is a damaged image: {said}: save it anew") from warning


def shown_in_grey(image: Image.Image, name: str, shape: Sequence[int] | None) -> NDArray[np.uint8]:
    """Return one image as `read_images` does, shape (height, width); messages call it `name`."""
    if (pages := getattr(image, "n_frames", 1)) > 1:
        raise DataError(f"{name} holds {pages} pages: save each as a file of its own")
    grey = _shades_of_grey(ImageOps.exif_transpose(image), name)
    if shape is not None:
        grey = grey.resize((shape[1], shape[0]))
    return np.asarray(grey)


def _shades_of_grey(image: Image.Image, name: str) -> Image.Image:
    if image.mode.startswith("I;16"):  # Pillow would cut what is above 255
        return Image.fromarray((np.asarray(image) // 257).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise DataError(f"{name} has pixels of type {image.mode}: save it with 8 or 16 bits")
    if image.has_transparency_data:
        shown = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown)
    return image.convert("L")


def read_text(path: Path) -> str:
    """Read a text file in UTF-8; a `DataError` says where it is not."""
    with reading(path):
        if path.stat().st_size > LONGEST_LINE:
            raise DataError(f"{path} is a text of more than {LONGEST_LINE} bytes: cut it")
        return path.read_text(encoding="utf-8-sig")


def read_lines(path: Path, chunk: int = sys.maxsize) -> Iterator[list[str]]:
    """Read the lines of a text file in UTF-8, so many at a time."""
    with path.open(encoding="utf-8-sig") as file:
        while lines := [line.removesuffix("\n") for line in islice(file, chunk)]:
            yield lines


def read_sparse(path: Path) -> csr_array:
    """Read what SciPy's ``save_npz`` wrote."""
    with reading(path), open_npz(path) as file:
        matrix = load_npz(file)
        check_fits_memory(8 * matrix.shape[0], str(path))  # the rows' ends
        if hasattr(matrix, "check_format"):  # COO has none: it checks its indices when made
            matrix.check_format()
        return as_csr(matrix)
