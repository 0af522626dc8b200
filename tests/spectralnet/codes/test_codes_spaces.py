import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from toys import documents

from spectralnet.codes.spaces import SPACES, choose_space, untrained_encoder
from spectralnet.errors import ParameterError
from spectralnet.nets.gradients import OrientedGradients
from spectralnet.nets.projection import Projection

ROWS, TEXTS = np.ones((3, 64), dtype=np.float32), documents(120)[0]
LENGTHS = csr_array(TEXTS.multiply(np.arange(1, 121)[:, None]))


@pytest.mark.parametrize(
    ("space", "x", "image_shape", "meant"),
    [
        ("auto", ROWS, (8, 8), "hog"),
        ("auto", ROWS, None, "input"),
        ("auto", TEXTS, None, "lsa"),
        ("auto", csr_array(TEXTS.astype(np.float32) * 7), None, "lsa"),
        ("auto", LENGTHS, None, "input"),  # whose lengths say something
        ("auto", TEXTS[:100], None, "input"),
        ("auto", documents(120, 100)[0], None, "input"),
        ("auto", TEXTS.toarray(), None, "input"),
        ("auto", csr_array((120, 150)), None, "input"),
        ("lsa", LENGTHS, None, "lsa"),
        ("hog", ROWS, (8, 8), "hog"),
        ("input", ROWS, (8, 8), "input"),
        ("input", TEXTS, None, "input"),
        ("code", ROWS, (8, 8), "code"),
        ("code", TEXTS, None, "code"),
    ],
)
def test_the_kind_of_data_decides_where_nothing_else_is_said(space, x, image_shape, meant):
    assert space in SPACES
    assert choose_space(space, x, image_shape) == meant


def test_what_a_space_cannot_take_is_refused_with_what_to_do():
    with pytest.raises(
        ParameterError, match=r"space = hog .* \(image_shape\), or set space: input"
    ):
        choose_space("hog", ROWS, None)
    for x, shape, kind in (
        (TEXTS.toarray(), None, r"dense of shape \(120, 150\)"),
        (TEXTS[:, :100], None, r"sparse of shape \(120, 100\)"),
        (TEXTS[:1], None, r"sparse of shape \(1, 150\)"),
        (TEXTS, (10, 15), r"images of shape \(120, 150\)"),
    ):
        with pytest.raises(ParameterError, match=f"lsa takes sparse .*{kind}: set space: auto"):
            choose_space("lsa", x, shape)


@pytest.mark.parametrize("space", ["auto", "hog"])
def test_images_are_led_to_their_gradients(space):
    encoder = untrained_encoder(space, ROWS, (8, 8))
    assert isinstance(encoder, OrientedGradients)
    assert encoder.n_features == 64
    assert encoder(torch.rand(3, 64)).shape == (3, 512)


@pytest.mark.parametrize(("space", "x"), [("auto", TEXTS), ("lsa", TEXTS), ("lsa", LENGTHS)])
def test_texts_are_led_to_their_latent_semantics(space, x):
    encoder = untrained_encoder(space, x, None, seed=1)
    assert isinstance(encoder, Projection)
    assert encoder.sizes == [150, 100]
    assert encoder.unit_rows == (x is TEXTS)


@pytest.mark.parametrize(("space", "image_shape"), [("auto", None), ("input", (8, 8))])
def test_other_rows_stay_as_they_are(space, image_shape):
    encoder, rows = untrained_encoder(space, ROWS, image_shape), torch.rand(3, 64)
    assert len(encoder) == 0
    assert torch.equal(encoder(rows), rows)
