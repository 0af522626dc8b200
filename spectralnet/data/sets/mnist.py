"""MNIST and Fashion-MNIST: four arrays from whichever container a mirror or folder holds."""

import gzip
import hashlib
import logging
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pooch
from numpy.typing import NDArray
from requests import RequestException
from tqdm import tqdm

from spectralnet.artifacts import whole_file
from spectralnet.data.files import open_npz
from spectralnet.errors import DataError

Arrays = dict[str, NDArray[np.uint8]]

IDX_FILES = {
    "x_train": "train-images-idx3-ubyte.gz",
    "y_train": "train-labels-idx1-ubyte.gz",
    "x_test": "t10k-images-idx3-ubyte.gz",
    "y_test": "t10k-labels-idx1-ubyte.gz",
}
LARGEST = 2**26  # bytes of an array: the largest has 47 million
DATA_VARIABLE = "SPECTRALNET_DATA"  # names a folder to look into before downloading


@dataclass(frozen=True)
class ImageSource:
    """Where a data set of images can be had, and what it holds.

    Attributes
    ----------
    name : str
        Of the data set, its folder and its ``.npz`` file.
    mirrors : tuple of str
        Addresses of an ``.npz`` file (they end so), or of folders of idx files.
    sha256 : mapping of str to str
        The hash of each array's bytes.
    """

    name: str
    mirrors: tuple[str, ...]
    sha256: Mapping[str, str]


MNIST = ImageSource(
    name="mnist",
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    sha256={
        "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
        "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
        "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
        "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    },
)
FASHION_MNIST = ImageSource(
    name="fashion-mnist",
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    sha256={
        "x_train": "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
        "y_train": "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
        "x_test": "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a",
        "y_test": "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
    },
)

IMAGES = {source.name: source for source in (MNIST, FASHION_MNIST)}


def fetch_images(source: ImageSource, folders: Sequence[Path]) -> Arrays:
    """Get the arrays of a data set, from a local folder or else from a mirror.

    Parameters
    ----------
    source : ImageSource
    folders : sequence of Path
        Looked into in this order, before the mirrors in theirs; what is downloaded is kept
        in the last.

    Returns
    -------
    dict of str to ndarray
        `x_train` and `x_test` of shape (n, 28, 28), `y_train` and `y_test` of shape (n,);
        uint8.

    Raises
    ------
    DataError
        If a local file does not hold the contents that it should, or no mirror gives them.
    """
    for folder in folders:
        if container := _find_container(folder / source.name, source.name):
            return _read_verified(container, source)
    return _download(source, folders)


def _find_container(folder: Path, name: str) -> list[Path] | None:
    """Return the paths that hold all four arrays, if the folder has them."""
    npz = folder / f"{name}.npz"
    if npz.exists():
        return [npz]
    idx = [folder / file for file in IDX_FILES.values()]
    return idx if all(path.exists() for path in idx) else None


def _read_verified(container: list[Path], source: ImageSource) -> Arrays:
    """Read four arrays from an ``.npz`` or four idx files and compare their hashes."""
    arrays: Arrays = {}
    for name, expected in source.sha256.items():
        path = container[0] if len(container) == 1 else container[list(IDX_FILES).index(name)]
        try:
            arrays[name] = _read_npz(path, name) if path.suffix == ".npz" else _read_idx(path)
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
            raise DataError(
                f"{path} cannot be read ({error}): it has sha256 {found}, and should hold "
                f"{name} with sha256 {expected}. Delete it to download it again"
            ) from error
        found = hashlib.sha256(np.ascontiguousarray(arrays[name]).tobytes()).hexdigest()
        if found != expected:
            raise DataError(
                f"{path} holds another {name} than {source.name}: its contents have sha256 "
                f"{found}, expected {expected}. Delete it to download it again"
            )
    return arrays


def _read_npz(path: Path, name: str) -> NDArray[np.uint8]:
    with open_npz(path) as file, np.load(file, allow_pickle=False) as arrays:
        return arrays[name]


def _read_idx(path: Path) -> NDArray[np.uint8]:
    """Read the idx format: two zeros, type 8, the rank, the shape big-endian, the bytes."""
    with gzip.open(path) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"more than {LARGEST} bytes, once it is inflated")
    if content[:3] != b"\x00\x00\x08":
        raise ValueError("no idx file of bytes")
    rank = content[3]
    shape = np.frombuffer(content, dtype=">u4", count=rank, offset=4)
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * rank).reshape(shape)


def _download(source: ImageSource, folders: Sequence[Path]) -> Arrays:
    folder = folders[-1] / source.name
    folder.mkdir(parents=True, exist_ok=True)
    failures = []
    for mirror in source.mirrors:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            try:
                arrays = _read_verified(_retrieve(mirror, source.name, Path(scratch)), source)
            except (RequestException, OSError, DataError) as error:
                failures.append(f"  {mirror}: {error}")
                continue
        with whole_file(folder / f"{source.name}.npz") as partial, partial.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        return arrays
    raise DataError(
        f"{source.name} is not in {' or '.join(map(str, folders))}, and no mirror gave it:\n"
        + "\n".join(failures)
        + f"\nSet {DATA_VARIABLE} to a folder that holds {source.name}/{source.name}.npz, or "
        f"{source.name}/{IDX_FILES['x_train']} and its three siblings, or use the embedded data "
        "set (dataset: mnist5k), which needs no download."
    )


def _retrieve(mirror: str, name: str, scratch: Path) -> list[Path]:
    """Download a mirror's files into `scratch`."""
    pooch.get_logger().setLevel(logging.WARNING)
    base, _, npz = mirror.rpartition("/")
    files = [npz] if npz else list(IDX_FILES.values())
    # Mirrors differ in how they compress: the contents are verified, not the container.
    store = pooch.create(scratch, f"{base}/", registry=dict.fromkeys(files), retry_if_failed=2)
    paths = []
    for file in files:
        bar = tqdm(desc=f"{name} {file}", total=1, unit="B", unit_scale=True, disable=None)
        downloader = pooch.HTTPDownloader(progressbar=bar, timeout=30)
        paths.append(Path(store.fetch(file, downloader=downloader)))
    return paths
