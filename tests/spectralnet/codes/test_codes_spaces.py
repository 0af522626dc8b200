import pytest
import torch

from spectralnet.codes.spaces import SPACES, choose_space, untrained_encoder
from spectralnet.errors import ParameterError
from spectralnet.nets.gradients import OrientedGradients


@pytest.mark.parametrize(
    ("space", "image_shape", "meant"),
    [
        ("auto", (8, 8), "hog"),
        ("auto", None, "input"),
        ("hog", (8, 8), "hog"),
        ("input", (8, 8), "input"),
        ("code", (8, 8), "code"),
        ("code", None, "code"),
    ],
)
def test_the_kind_of_data_decides_where_nothing_else_is_said(space, image_shape, meant):
    assert space in SPACES
    assert choose_space(space, image_shape) == meant


def test_gradients_of_what_are_no_images_are_refused():
    with pytest.raises(
        ParameterError, match=r"space = hog .* \(image_shape\), or set space: input"
    ):
        choose_space("hog", None)


@pytest.mark.parametrize("space", ["auto", "hog"])
def test_images_are_led_to_their_gradients(space):
    encoder = untrained_encoder(space, 64, (8, 8))
    assert isinstance(encoder, OrientedGradients)
    assert encoder.n_features == 64
    assert encoder(torch.rand(3, 64)).shape == (3, 512)


@pytest.mark.parametrize(("space", "image_shape"), [("auto", None), ("input", (8, 8))])
def test_other_rows_stay_as_they_are(space, image_shape):
    encoder, rows = untrained_encoder(space, 64, image_shape), torch.rand(3, 64)
    assert len(encoder) == 0
    assert torch.equal(encoder(rows), rows)
