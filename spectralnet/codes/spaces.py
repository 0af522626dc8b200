"""The spaces in which neighbours are searched: each stands here once, by its name."""

from collections.abc import Sequence

from spectralnet.errors import ParameterError
from spectralnet.nets.blocks import MLP
from spectralnet.nets.gradients import OrientedGradients
from spectralnet.nets.net import Net

INPUT, CODE, HOG, AUTO = "input", "code", "hog", "auto"
SPACES = (AUTO, HOG, INPUT, CODE)


def choose_space(space: str, image_shape: Sequence[int] | None) -> str:
    """Return the space that is meant: "auto" is "hog" for images, and "input" for other rows.

    Pixels say where strokes are, which shifts with each writer: gradients pooled over a few
    pixels do not mind. Numbers and texts have nothing of the kind, and an autoencoder's codes of
    them lose more than they win. It is the kind of data that decides, not their labels.

    Parameters
    ----------
    space : str
        One of `SPACES`.
    image_shape : (int, int) or None
        Height and width, if the rows are images.

    Raises
    ------
    ParameterError
        If gradients are wanted of rows that are no images.
    """
    if space == AUTO:
        return INPUT if image_shape is None else HOG
    if space == HOG and image_shape is None:
        raise ParameterError(
            "space = hog sees gradients of images: say which shape they have (image_shape), or "
            "set space: input"
        )
    return space


def untrained_encoder(space: str, n_features: int, image_shape: Sequence[int] | None) -> Net:
    """Return what leads from rows of n features into a space that needs no training."""
    if choose_space(space, image_shape) == HOG and image_shape is not None:
        return OrientedGradients(image_shape)
    return MLP([n_features])
