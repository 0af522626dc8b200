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


@pytest.mark.parametrize("dtype", [np.float64, np.int64, np.int16])
def test_what_was_fitted_passes_whole_and_image_by_image(floats, dtype):
    images = np.round(floats * 100).astype(dtype)
    images[3, 4, 5] = 32_000
    white = white_level(images)
    assert white == np.sort(images.ravel())[-2]
    pixels = Pixels((8, 8), white)
    rows = pixels.transform(images)
    expected = np.minimum(images.reshape(50, 64) / white, 1)  # the hot pixel is white
    np.testing.assert_allclose(rows, expected, rtol=1e-6)
    alone = [pixels.transform(images[i : i + 1])[0] for i in range(50)]
    np.testing.assert_array_equal(alone, rows)
    for few in (images[3:4], images):
        with pytest.raises(DataError, match="give pixels as those that were fitted"):
            pixels.transform(few.astype(np.int64) * 255)


def test_a_dark_image_is_not_taken_for_one_of_another_range(floats):
    images = floats * 2
    images[7] /= 4
    pixels = Pixels((8, 8), white_level(images))
    np.testing.assert_array_equal(pixels.transform(images[7:8])[0], pixels.transform(images)[7])
    with pytest.raises(DataError, match="but white is 255"):
        Pixels((8, 8), 255).transform(images[7:8])


def test_new_floats_are_no_brighter_than_white_and_of_its_range(floats):
    pixels = Pixels((8, 8), 0.7)
    assert pixels.transform(floats).max() == 1
    with pytest.raises(DataError, match=r"brightest pixel is .*, but white is 0.7"):
        pixels.transform(floats * 255)


def test_few_bright_images_among_dark_ones_keep_their_shades():
    images = np.full((300, 8, 8), 0.1)
    images[:2] = np.linspace(0.1, 1, 128).reshape(2, 8, 8)
    assert white_level(images) == 1


def test_files_of_any_darkness_are_taken():
    """Whole numbers to 1 are shades of 255 in a file, not floats that are scaled already."""
    fitted = Pixels((2, 2), maximum=255)
    for brightest in (0, 1, 2, 255):
        image = np.array([[[0, 0], [0, brightest]]], dtype=np.uint8)
        rows = fitted.transform(fitted.of_files(image))
        np.testing.assert_allclose(rows, image.reshape(1, 4) / 255)
