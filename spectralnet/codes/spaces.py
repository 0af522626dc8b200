"""The spaces in which neighbours are searched: each stands here once, by its name."""

from collections.abc import Sequence

from scipy.sparse import csr_array

from spectralnet.codes.lsa import N_DIRECTIONS, latent_semantics
from spectralnet.errors import ParameterError
from spectralnet.matrices import Matrix, of_one_length
from spectralnet.nets.blocks import MLP
from spectralnet.nets.gradients import OrientedGradients
from spectralnet.nets.net import Net

INPUT, CODE, HOG, LSA, AUTO = "input", "code", "hog", "lsa", "auto"
SPACES = (AUTO, HOG, LSA, INPUT, CODE)


def choose_space(space: str, x: Matrix, image_shape: Sequence[int] | None) -> str:
    """Return the space itself, or that which "auto" means: "hog", "lsa" or "input".

    Pixels say where strokes are, which shifts with each writer: gradients pooled over a few
    pixels do not mind. Texts say the same in other words: directions that hold words which come
    together do not mind. Numbers have nothing of the kind, and an autoencoder's codes of them
    lose more than they win. It is the kind of data that decides, not their labels.

    Parameters
    ----------
    space : str
        One of `SPACES`. "auto" is "hog" for images; "lsa" for sparse rows of one length, as the
        preparation makes of texts, if there are more than 100 rows and columns; else "input".
    x : ndarray or csr_array of shape (n, d)
    image_shape : (int, int) or None
        Height and width, if the rows are images.

    Raises
    ------
    ParameterError
        If gradients are wanted of rows that are no images, or latent semantics of rows that are
        dense, or too few or too narrow.
    """
    projectable = isinstance(x, csr_array) and image_shape is None and min(x.shape) > N_DIRECTIONS
    if space == AUTO:
        if image_shape is not None:
            return HOG
        return LSA if projectable and of_one_length(x) else INPUT
    if space == HOG and image_shape is None:
        raise ParameterError(
            "space = hog sees gradients of images: say which shape they have (image_shape), or "
            "set space: input"
        )
    if space == LSA and not projectable:
        kind = "sparse" if isinstance(x, csr_array) else "dense"
        kind = "images" if image_shape is not None else kind
        raise ParameterError(
            f"space = lsa takes sparse rows, such as texts', more than {N_DIRECTIONS} of more "
            f"than {N_DIRECTIONS} columns, and these are {kind} of shape {x.shape}: set space: auto"
        )
    return space


def untrained_encoder(
    space: str, x: Matrix, image_shape: Sequence[int] | None, seed: int = 0
) -> Net:
    """Return what leads from the rows of x, shape (n, d), into a space that needs no training."""
    chosen = choose_space(space, x, image_shape)
    if chosen == CODE:
        raise ValueError("codes are of an autoencoder, which is trained")
    if chosen == HOG and image_shape is not None:
        return OrientedGradients(image_shape)
    if chosen == LSA:
        return latent_semantics(csr_array(x), seed)
    return MLP([x.shape[1]])
