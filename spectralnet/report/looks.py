"""What samples of any kind look like, and what tells clusters of them apart."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import issparse

from spectralnet.data.beside import as_texts, name_images
from spectralnet.data.files import read_images
from spectralnet.data.pixels import Pixels
from spectralnet.data.preparation import Columns, Preparation
from spectralnet.data.texts import Tfidf, stems
from spectralnet.matrices import Matrix
from spectralnet.methods.description import class_tfidf, column_effects, text_effects
from spectralnet.report.shown import Shown

THUMBNAIL = (64, 64)  # of images in files of their own


def effects_of(
    x: Matrix, clusters: NDArray[np.int64], preparation: Preparation, shown: Shown
) -> pd.DataFrame | None:
    """Measure what tells clusters of prepared rows apart: terms, or columns; of images nothing.

    Texts that hold no word, such as ids, tell nothing: then columns do.
    """
    if isinstance(preparation, Tfidf):
        return class_tfidf(x, clusters, preparation.vocabulary)
    if isinstance(preparation, Pixels) or shown.images is not None:
        return None
    if shown.texts is not None and any(map(stems, shown.texts)):
        return text_effects(shown.texts, clusters)
    return column_effects(x, clusters, getattr(preparation, "names", None))


def with_looks(shown: Shown, x: Matrix, preparation: Preparation, raw: Any = None) -> Shown:
    """Add what prepared rows, shape (n, d), look like: images, or columns that have names.

    Without the `raw` rows of columns, these are made of the prepared ones, by scale and shift.
    """
    if isinstance(preparation, Pixels):
        height, width = preparation.image_shape

        def images(rows: NDArray[np.integer]) -> NDArray[np.uint8]:
            return (np.asarray(x[rows]) * 255).round().astype(np.uint8).reshape(-1, height, width)

        return replace(shown, images=images, image_shape=(height, width))
    if not isinstance(preparation, Columns) or preparation.names is None or issparse(x):
        return shown
    if raw is None and preparation.directions:  # the rows' lengths are lost
        return shown
    if raw is None:
        scale = 1 if preparation.scale is None else np.asarray(preparation.scale)
        raw = x * scale + (0 if preparation.shift is None else np.asarray(preparation.shift))
    return replace(shown, columns=pd.DataFrame(np.asarray(raw), columns=preparation.names))


def with_column(shown: Shown, values: Sequence[object], folder: Path) -> Shown:
    """Add what a column beside vectors holds: texts, or the images in files that it names.

    Parameters
    ----------
    shown : Shown
    values : sequence of n
        Texts; or, if all of them end so, names of images, from `folder` on.
    folder : Path
    """
    texts = as_texts(values)
    if not name_images(texts):
        return replace(shown, texts=texts)

    def images(rows: NDArray[np.integer]) -> NDArray[np.uint8]:
        return read_images([folder / texts[row] for row in rows], THUMBNAIL)

    return replace(shown, images=images, image_shape=THUMBNAIL, names=texts)
