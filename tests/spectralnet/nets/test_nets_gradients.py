import numpy as np
import pytest
import torch

from spectralnet.nets.blocks import build_net
from spectralnet.nets.gradients import OrientedGradients

FRAME = 32  # 28 pixels and 2 around them


@pytest.fixture
def images():
    """Random images with strokes, flat parts and a ground."""
    generator = np.random.default_rng(0)
    blocks = generator.random((4, 7, 7)) * (generator.random((4, 7, 7)) < 0.6)
    return np.kron(blocks, np.ones((4, 4)))  # (4, 28, 28)


def described(images):
    """Describe images, shape (m, height, width), by the net: (m, directions, rows, columns)."""
    rows = torch.from_numpy(images.reshape(len(images), -1)).float()
    return OrientedGradients(images.shape[1:])(rows).numpy().reshape(-1, 8, 8, 8)


def gaussian(reach, deviation):
    weights = np.array([np.exp(-(i**2) / (2 * deviation**2)) for i in range(-reach, reach + 1)])
    return weights / weights.sum()


def averaged(image, row, column, weights):
    """Average around a pixel; those of the border are repeated beyond it."""
    reach, total = len(weights) // 2, 0.0
    for i, by_row in enumerate(weights):
        for j, by_column in enumerate(weights):
            y = min(max(row + i - reach, 0), FRAME - 1)
            x = min(max(column + j - reach, 0), FRAME - 1)
            total += by_row * by_column * image[y, x]
    return total


def described_by_loops(image):
    """Describe one image, (28, 28), pixel by pixel, from the docstrings and not from the code."""
    framed, near = np.pad(image, 2, mode="edge"), gaussian(3, 1.0)
    blurred = np.zeros((FRAME, FRAME))
    for row, column in np.ndindex(FRAME, FRAME):
        blurred[row, column] = averaged(framed, row, column, near)
    down, right = np.gradient(blurred)
    found = np.zeros((8, 8, 8))
    for direction in range(8):
        strength = np.zeros((FRAME, FRAME))
        for at in np.ndindex(FRAME, FRAME):
            turned = np.arctan2(down[at], right[at]) - direction * np.pi / 4
            strength[at] = np.hypot(down[at], right[at]) * max(np.cos(turned), 0) ** 4
        for i, j in np.ndindex(8, 8):
            found[direction, i, j] = averaged(strength, 2 + 4 * i, 2 + 4 * j, gaussian(7, 2.2))
    return np.sqrt(found / np.linalg.norm(found))


def test_the_histograms_are_those_of_a_loop_over_pixels(images):
    for image, found in zip(images[:2], described(images[:2]), strict=True):
        np.testing.assert_allclose(found, described_by_loops(image), atol=2e-3)
        np.testing.assert_allclose(found**2, described_by_loops(image) ** 2, atol=1e-6)


def test_a_rise_to_the_right_and_one_downwards_are_the_directions_0_and_2():
    ramp = np.tile(np.arange(28.0), (1, 28, 1))
    for image, direction in ((ramp, 0), (ramp.transpose(0, 2, 1), 2)):
        found = described(image)[0]
        assert found.sum(axis=(1, 2)).argmax() == direction
        assert found[(direction + 4) % 8].max() < 1e-2 * found[direction].max()


@pytest.mark.parametrize("shape", [(28, 28), (8, 8), (20, 30), (64, 17), (1, 5), (100, 3)])
def test_images_of_any_shape_have_512_numbers_whose_squares_have_unit_length(shape):
    images = np.random.default_rng(0).random((3, *shape))
    found = described(images).reshape(3, -1)
    assert found.shape == (3, OrientedGradients(shape).sizes[-1]) == (3, 512)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.linalg.norm(found**2, axis=1), 1, rtol=1e-5)


def test_the_scale_of_brightness_does_not_matter(images):
    for factor in (1 / 255, 255):
        np.testing.assert_allclose(described(factor * images), described(images), atol=1e-3)


def test_a_negative_has_the_same_histograms_the_other_way_round(images):
    """So dark strokes on white are as near to each other as bright ones on black."""
    there, back = described(images), described(1 - images)
    np.testing.assert_allclose(back, np.roll(there, 4, axis=1), atol=2e-3)
    apart = [np.linalg.norm(found[0] - found[1]) for found in (there, back)]
    assert apart[0] == pytest.approx(apart[1], abs=1e-3)


def test_a_shift_by_a_pixel_changes_less_of_them_than_of_the_pixels(images):
    def change(rows, moved):
        return np.linalg.norm(rows - moved) / np.linalg.norm(rows - rows[::-1])

    moved = np.roll(images, 1, axis=2)
    assert change(described(images), described(moved)) < change(images, moved)


@pytest.mark.parametrize("brightness", [0, 0.3, 1, 255])
def test_an_even_image_has_none(brightness):
    assert not described(np.full((2, 28, 28), brightness)).any()


def test_an_image_does_not_depend_on_those_beside_it(images):
    many = np.concatenate([images] * 40)  # more than are mapped at once
    np.testing.assert_allclose(described(many)[:4], described(images), atol=1e-4)
    np.testing.assert_allclose(described(many)[-4:], described(images), atol=1e-4)


def test_the_net_is_built_again_of_its_configuration(images):
    net = OrientedGradients((28, 28))
    again, rows = build_net(net.config), torch.from_numpy(images.reshape(4, -1)).float()
    assert not net.state_dict()  # nothing to train, nothing to save
    assert torch.equal(again(rows), net(rows))


def test_a_model_is_loaded_without_torchs_compiler():
    """Which takes two seconds to import, as soon as a tensor of shapes alone is divided."""
    with torch.device("meta"):
        net = OrientedGradients((8, 8))
    assert {buffer.device.type for buffer in net.buffers()} == {"cpu"}
