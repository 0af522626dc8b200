import numpy as np
import pytest

from spectralnet.data.pixels import Pixels, white_level
from spectralnet.errors import DataError


@pytest.fixture
def floats():
    return np.random.default_rng(0).uniform(0, 0.8, (50, 8, 8)).astype(np.float32)


def test_the_white_of_floats_is_the_brightest_pixel(floats):
    assert white_level(floats) == floats.max()
    assert white_level(floats[:1, :2, :2]) == floats[:1, :2, :2].max()


def test_a_hot_pixel_darkens_no_image(floats):
    usual = Pixels((8, 8), white_level(floats)).transform(floats)
    hot = floats.copy()
    hot[3, 4, 5] = 1000
    rows = Pixels((8, 8), white_level(hot)).transform(hot)
    others = np.arange(50 * 64) != 3 * 64 + 4 * 8 + 5
    np.testing.assert_allclose(rows.ravel()[others], usual.ravel()[others], atol=1e-3)
    assert rows.max() == 1


def test_new_floats_are_no_brighter_than_white_and_of_its_range(floats):
    pixels = Pixels((8, 8), 0.7)
    assert pixels.transform(floats).max() == 1
    with pytest.raises(DataError, match=r"brightest pixel is .*, but white is 0.7"):
        pixels.transform(floats * 255)


def test_few_bright_images_among_dark_ones_keep_their_shades():
    images = np.full((300, 8, 8), 0.1)
    images[:2] = np.linspace(0.1, 1, 128).reshape(2, 8, 8)
    assert white_level(images) == 1
