import numpy as np
import pytest
import torch
from scipy.ndimage import center_of_mass
from torch import nn

from spectralnet.metric.augmentation import AffineParams, RandomAffine


def affine(shape=(28, 28), **largest):
    params = {"rotation": 0, "shift": 0, "scale": 0, "shear": 0} | largest
    return RandomAffine(shape, AffineParams(**params))


@pytest.fixture
def bar():
    """An upright bar, a little right of the middle, in each of 200 images."""
    images = np.zeros((200, 28, 28), dtype=np.float32)
    images[:, 8:20, 14:17] = 1
    return torch.from_numpy(images.reshape(200, -1))


def changed(bar, **largest):
    return affine(**largest)(bar, torch.Generator().manual_seed(0)).view(-1, 28, 28).numpy()


def tilt(image):
    """The angle of the bar's long axis against the vertical, in degrees."""
    row, column = np.nonzero(image > 0.3)
    values, vectors = np.linalg.eigh(np.cov(np.stack([row, column])))
    down, right = vectors[:, values.argmax()]
    return np.degrees(np.arctan(right / down))


def test_nothing_changes_by_nothing(bar):
    np.testing.assert_allclose(changed(bar), bar.view(-1, 28, 28), atol=1e-5)


EVERY_WAY = {"rotation": 15, "shift": 0.1, "scale": 0.2, "shear": 0.25}


@pytest.mark.parametrize("ground", [0.0, 0.25, 1.0])
def test_what_lies_on_another_ground_moves_as_on_black(bar, ground):
    ink = 1 - 2 * ground
    moved = changed(ground + ink * bar, **EVERY_WAY)
    np.testing.assert_allclose(moved, ground + ink * changed(bar, **EVERY_WAY), atol=1e-6)
    assert np.ptp(moved[:, [0, -1]]) < 1e-6  # the bar does not reach the border


def test_on_black_nothing_but_the_grid_is_computed(bar):
    """Bit by bit what PyTorch's sampler gives alone, which fills with zeros."""
    ways, generator = affine(**EVERY_WAY), torch.Generator().manual_seed(0)
    grid = nn.functional.affine_grid(
        ways._matrices(len(bar), generator), [len(bar), 1, 28, 28], align_corners=False
    )
    alone = nn.functional.grid_sample(bar.view(-1, 1, 28, 28), grid, align_corners=False)
    np.testing.assert_array_equal(changed(bar, **EVERY_WAY), alone[:, 0])


def test_images_are_turned_up_to_the_angle_and_both_ways(bar):
    angles = [tilt(image) for image in changed(bar, rotation=30)]
    assert -32 < min(angles) < -24
    assert 24 < max(angles) < 32
    assert abs(np.mean(angles)) < 4


@pytest.mark.parametrize("shape", [(28, 84), (84, 28)])
@pytest.mark.parametrize("change", [{"rotation": 30}, {"shear": 0.3}])
def test_images_that_are_no_squares_change_as_squares_do(bar, shape, change):
    margins = [(side - 28) // 2 for side in shape]
    square = bar.view(-1, 28, 28)
    padded = nn.functional.pad(square, [margins[1]] * 2 + [margins[0]] * 2)
    found = affine(shape, **change)(padded.flatten(1), torch.Generator().manual_seed(0))
    found = found.view(-1, *shape)[:, margins[0] :, margins[1] :][:, :28, :28]
    np.testing.assert_allclose(found, changed(bar, **change), atol=1e-3)


def test_images_are_shifted_up_to_the_part_of_their_width(bar):
    places = np.array([center_of_mass(image) for image in changed(bar, shift=0.1)])
    shifts = places - center_of_mass(bar[0].view(28, 28).numpy())
    np.testing.assert_allclose(np.abs(shifts).max(axis=0), 2.8, atol=0.15)
    assert np.abs(shifts.mean(axis=0)).max() < 0.4


def test_images_are_scaled_in_both_directions(bar):
    areas = changed(bar, scale=0.2).sum(axis=(1, 2)) / bar[0].sum().item()
    assert 0.6 < areas.min() < 0.7  # 0.8 squared
    assert 1.35 < areas.max() < 1.47


def test_images_are_sheared(bar):
    angles = [tilt(image) for image in changed(bar, shear=0.3)]
    assert max(np.abs(angles)) == pytest.approx(np.degrees(np.arctan(0.3)), abs=2.5)


def test_the_generator_alone_decides(bar):
    np.testing.assert_array_equal(changed(bar, rotation=9), changed(bar, rotation=9))
    other = affine(rotation=9)(bar, torch.Generator().manual_seed(1))
    assert not np.allclose(other, changed(bar, rotation=9).reshape(len(bar), -1))
