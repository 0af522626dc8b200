"""What is shown of each sample on a page: its image or text, for as many as a page can hold."""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

MOST_POINTS = 100_000
MOST_SAMPLES = 5000
MOST_PIXELS = 4_000_000
MOST_LETTERS = 300  # of a text
TILE = 84  # pixels of the page, about

Rows = NDArray[np.integer]
Images = Callable[[Rows], NDArray[np.uint8]]  # (m, height, width), of m rows


@dataclass(frozen=True)
class Shown:
    """What n samples look like; all of it is shown, none of it is computed with.

    Attributes
    ----------
    names : sequence of n str, optional
        Such as their files; by default their rows, from 0.
    images : callable, optional
        From rows to grey images, uint8 of shape (m, height, width); `image_shape` is theirs.
    image_shape : (int, int), optional
    texts : sequence of n str, optional
    columns : DataFrame of n rows, optional
        Numbers, to read and to colour by.
    labels : sequence of n, optional
        Of any type, None where unknown, to colour by.
    """

    names: Sequence[str] | None = None
    images: Images | None = None
    image_shape: tuple[int, int] | None = None
    texts: Sequence[str] | None = None
    columns: pd.DataFrame | None = None
    labels: Sequence[Any] | None = None

    def name(self, row: int) -> str:
        """Return what a sample is called."""
        return str(row) if self.names is None else str(self.names[row])

    def text(self, row: int) -> str:
        """Return how a text begins, its blanks single; "" where there are no texts."""
        if self.texts is None:
            return ""
        text = " ".join(str(self.texts[row])[: 4 * MOST_LETTERS].split())
        return text if len(text) <= MOST_LETTERS else text[:MOST_LETTERS] + " ..."

    def choose(self, first: Sequence[int], seed: int, n: int) -> Rows:
        """Choose rows that a page holds samples of: some of n first, then any, ascending."""
        most = MOST_SAMPLES
        if self.image_shape:
            most = min(most, max(1, MOST_PIXELS // int(np.prod(self.image_shape))))
        return choose_rows(first, most, seed, n)


def choose_rows(first: Sequence[int] | Rows, most: int, seed: int, n: int) -> Rows:
    """Choose up to so many of n rows: those of `first`, then any, ascending."""
    others = np.random.default_rng(seed).permutation(n)
    rows = np.concatenate([np.asarray(first, dtype=np.int64), others])
    _, places = np.unique(rows, return_index=True)
    return np.sort(rows[np.sort(places)[:most]])


@dataclass(frozen=True)
class Sheet:
    """Images side by side in one picture, from which a page cuts tiles.

    Attributes
    ----------
    url : str
        The picture, as a ``data:`` address.
    width, tile : int, (int, int)
        Width of the sheet; width and height of a tile: in pixels of the page.
    places : dict of int to str
        By row, where its tile begins, as CSS has it.
    """

    url: str
    width: int
    tile: tuple[int, int]
    places: dict[int, str]


def make_sheet(shown: Shown, rows: Rows) -> Sheet | None:
    """Put the images of some rows onto one sheet; None where there are no images."""
    if shown.images is None or shown.image_shape is None:
        return None
    height, width = shown.image_shape
    images, columns = shown.images(rows), int(np.ceil(np.sqrt(len(rows))))
    lines = -(-len(rows) // columns)
    canvas = np.zeros((lines * columns, height, width), dtype=np.uint8)
    canvas[: len(rows)] = images
    tiled = canvas.reshape(lines, columns, height, width).swapaxes(1, 2)
    written = io.BytesIO()
    Image.fromarray(tiled.reshape(lines * height, columns * width)).save(written, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode()}"
    zoom = max(1, round(TILE / max(height, width)))
    places = {
        int(row): f"-{i % columns * width * zoom}px -{i // columns * height * zoom}px"
        for i, row in enumerate(rows)
    }
    return Sheet(url, columns * width * zoom, (width * zoom, height * zoom), places)
