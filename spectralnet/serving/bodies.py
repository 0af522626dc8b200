"""What a request sends, to raw samples as a preparation takes them."""

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic_core import from_json

from spectralnet.checks import check_finite
from spectralnet.data.files import IMAGE_ERRORS, shown_in_grey
from spectralnet.data.pixels import Pixels
from spectralnet.data.preparation import Preparation, Raw
from spectralnet.data.texts import Tfidf
from spectralnet.errors import DataError

JSON = "application/json"
FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG"}
MOST_PIXELS = 2**25  # of an image: about 400 MB while it is made grey


def media_types(preparation: Preparation) -> list[str]:
    """Name the types of bodies that a model takes."""
    return [JSON, *FORMATS] if isinstance(preparation, Pixels) else [JSON]


def read_body(body: bytes, media_type: str, preparation: Preparation, max_rows: int) -> Raw:
    """Read the samples of a request.

    Parameters
    ----------
    body : bytes
        JSON, ``{"samples": [...]}``: images, rows of numbers, records by the names of columns,
        or texts. Or one image.
    media_type : str
        One of `media_types`.
    preparation : Preparation
        Of the model.
    max_rows : int
        Of samples.

    Returns
    -------
    ndarray of float64, or list of str

    Raises
    ------
    DataError
        If it cannot be read, holds no samples or too many, or NaN.
    """
    if media_type in FORMATS and isinstance(preparation, Pixels):
        return _read_image(body, FORMATS[media_type], preparation)
    try:
        request = from_json(body)  # at most 200 deep
    except ValueError as error:
        raise DataError(f"the body cannot be read as JSON: {error}") from error
    if not isinstance(request, dict) or request.keys() != {"samples"}:
        raise DataError('give {"samples": [...]}, and nothing beside')
    samples = request["samples"]
    if not isinstance(samples, list) or not samples:
        raise DataError("samples is no list of one or more")
    if len(samples) > max_rows:
        raise DataError(f"{len(samples)} samples, but at most {max_rows} in a request: send parts")
    if isinstance(preparation, Tfidf):
        return samples
    if isinstance(samples[0], dict):
        samples = _in_order(samples, getattr(preparation, "names", None))
    try:
        values = np.array(samples)
        holds_text = values.dtype.kind == "U"  # one of them is enough
        numbers = values if holds_text else values.astype(np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(f"the samples are no numbers, as many in each: {error}") from error
    if holds_text:
        raise DataError("the samples hold text: give numbers, without quotes")
    check_finite(numbers, "samples", getattr(preparation, "names", None))
    return numbers


def _in_order(records: list[Any], names: list[str] | None) -> list[list[float | None]]:
    """Take the columns that were fitted, in their order; others are not looked at."""
    if names is None:
        raise DataError("the model knows no columns by name: give lists of numbers")
    rows = []
    for number, record in enumerate(records):
        if not isinstance(record, dict):
            raise DataError(f"sample {number} is no record, as the first is")
        if missing := [name for name in names if name not in record]:
            raise DataError(f"sample {number} has no {missing[0]!r}, one of the columns {names}")
        row = [record[name] for name in names]
        if others := [value for value in row if not isinstance(value, int | float | None)]:
            name = names[row.index(others[0])]
            raise DataError(f"sample {number} has {others[0]!r} as {name!r}, which is no number")
        rows.append(row)
    return rows


def _read_image(body: bytes, format: str, preparation: Pixels) -> NDArray[np.floating]:
    """Read one image as `spectralnet predict` reads those of a folder: (1, height, width)."""
    try:
        with Image.open(BytesIO(body), formats=[format]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise DataError(
                    f"the image has {image.width} x {image.height} pixels: at most {MOST_PIXELS} "
                    f"are read, and brought to {preparation.image_shape}"
                )
            grey = shown_in_grey(image, "the image", preparation.image_shape)
    except DataError:
        raise
    except IMAGE_ERRORS as error:
        raise DataError(f"the body cannot be read as {format}, or is damaged") from error
    return preparation.of_files(grey[None])
