"""Images to feature rows: shades of grey, from 0 to 1."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectralnet.errors import DataError

# Of red, green and blue in 65,536 parts, as Pillow makes images in files grey (ITU-R 601).
LUMINANCE = (19595, 38470, 7471)


class Pixels:
    """Images to rows of pixels from 0 to 1.

    Parameters
    ----------
    image_shape : (int, int)
        Height and width.
    maximum : float
        The value of a white pixel.
    """

    directions = False

    def __init__(self, image_shape: Sequence[int], maximum: float) -> None:
        height, width = image_shape
        self.image_shape, self.maximum = (height, width), maximum
        self.n_features = height * width

    @property
    def config(self) -> dict[str, Any]:
        """What `build_preparation` builds this from."""
        return {"kind": "pixels", "image_shape": list(self.image_shape), "maximum": self.maximum}

    def transform(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        """Turn images, shape (n, height, width) or (n, height * width), into rows.

        Those in colours, as `shades_of_grey` takes them, become grey.
        """
        raw = shades_of_grey(np.asarray(raw))
        if raw.shape[1:] not in (self.image_shape, (self.n_features,)):
            height, width = self.image_shape
            raise DataError(
                f"images of shape {raw.shape}: (n, {height}, {width}) or (n, {self.n_features}) "
                "is needed"
            )
        self._check_white(raw)
        rows = raw.reshape(len(raw), self.n_features).astype(np.float32) / np.float32(self.maximum)
        return np.minimum(rows, 1)  # hot pixels: see `white_level`

    def of_files(self, images: NDArray[np.uint8]) -> NDArray[Any]:
        """Bring images of files, whose white is 255, shape (n, height, width), to this white."""
        return images if self.maximum == 255 else images * (self.maximum / 255)

    def _check_white(self, raw: NDArray[Any]) -> None:
        """Refuse pixels of another range: all would be as good as black, or white.

        Of each image one pixel and one in 100 may be hot, so that all images pass which would
        alone. One that would not passes among others of this range.
        """
        brightest = float(raw.max(initial=0))
        scaled = raw.dtype.kind == "f" and 0 < brightest <= 1 <= self.maximum / 10
        hot = len(raw) * (1 + self.n_features // 100)
        if scaled or np.count_nonzero(raw > 2 * self.maximum) > hot:
            raise DataError(
                f"the brightest pixel is {brightest:g}, but white is {self.maximum:g}: give pixels "
                "as those that were fitted"
            )


def has_channels(shape: Sequence[int]) -> bool:
    """Say whether images of this shape have one or three channels, first or last."""
    return len(shape) == 4 and not {shape[3], shape[1]}.isdisjoint({1, 3})


def shades_of_grey(images: NDArray[Any]) -> NDArray[Any]:
    """Turn images of one or three channels, first or last, into grey ones; others stay.

    Parameters
    ----------
    images : ndarray
        Of shape (n, height, width, channels) or (n, channels, height, width); or any other.

    Returns
    -------
    ndarray of shape (n, height, width), of the same type
    """
    if not has_channels(images.shape):
        return images
    if images.shape[3] not in (1, 3):
        images = np.moveaxis(images, 1, 3)
    if images.shape[3] == 1:
        return images[..., 0]
    channels = zip(LUMINANCE, np.moveaxis(images, 3, 0), strict=True)
    if images.dtype.kind == "f":
        return sum(channel * images.dtype.type(part / 2**16) for part, channel in channels)
    wide = np.uint32 if images.dtype.itemsize <= 2 else np.int64
    grey = np.full(images.shape[:3], 2**15, dtype=wide)  # so that what is cut off rounds
    for part, channel in channels:
        grey += channel.astype(wide) * wide(part)
    return (grey >> wide(16)).astype(images.dtype)


def white_level(pixels: NDArray[Any]) -> float:
    """Return the value of a white pixel, of images of shape (n, height, width).

    Of unsigned integers it is the largest of their type. Of others, floats and signed integers, it
    is the brightest that is there; but for hot pixels, where these are few: one and one in 10,000
    that are brighter than half of the brightest. Those become white.

    A `DataError` if black is not 0, so that nothing can be divided by it, or if nothing is a
    tenth as bright as an unsigned type allows: such images would be all but black to the nets.
    """
    lowest, highest = pixels.min(), pixels.max()
    if pixels.dtype.kind == "u":
        white = float(np.iinfo(pixels.dtype).max)
        if highest < white / 10:
            raise DataError(
                f"the images are of type {pixels.dtype}, in which white is {white:.0f}, but their "
                f"brightest pixel is {highest}: give floats, or stretch them"
            )
        return white
    if lowest < 0 or highest == 0:
        raise DataError(
            f"the images hold values from {lowest} to {highest}: shift them so that black is 0 "
            "and something is above it"
        )
    hot = 1 + pixels.size // 10_000
    if pixels.size >= 100 and np.count_nonzero(pixels > highest / 2) <= hot:
        highest = np.partition(pixels, -hot - 1, axis=None)[-hot - 1] or highest
    return float(highest)
