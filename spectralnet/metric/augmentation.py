"""Random changes of images that leave alone what they show."""

import math

import torch
from torch import Tensor, nn

from spectralnet.parameters import Block, Fraction, NotNegative


class AffineParams(Block):
    """The largest changes that `augment: affine` makes to images.

    Degrees, parts of the image's width and height, parts of its size, parts of a height.
    """

    rotation: NotNegative = 15.0
    shift: Fraction = 0.1
    scale: Fraction = 0.2
    shear: Fraction = 0.25


class RandomAffine:
    """Turns, shifts, scales and shears each image by amounts of its own.

    Parameters
    ----------
    image_shape : (int, int)
        Height and width.
    params : AffineParams
        The largest amounts; each is drawn uniformly up to them, both ways.
    """

    def __init__(self, image_shape: tuple[int, int], params: AffineParams) -> None:
        self.image_shape = image_shape
        self.params = params

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Change images, shape (m, height * width), on their device; the shape stays.

        Where an image moves away, the ground on which it lies is left: the median of its border.
        """
        images = x.view(-1, 1, *self.image_shape)
        ground = _border(images).median(dim=1).values[:, None, None, None]
        grid = nn.functional.affine_grid(
            self._matrices(len(x), generator).to(x.device), list(images.shape), align_corners=False
        )  # (m, height, width, 2)
        moved = nn.functional.grid_sample(images - ground, grid, align_corners=False)
        return (moved + ground).view_as(x)

    def _matrices(self, m: int, generator: torch.Generator) -> Tensor:
        """Draw maps from places in the new image to places in the old one: (m, 2, 3)."""
        largest = [
            math.radians(self.params.rotation),
            self.params.scale,
            self.params.shear,
            2 * self.params.shift,
            2 * self.params.shift,
        ]
        drawn = 2 * torch.rand(len(largest), m, generator=generator) - 1
        angle, scale, shear, right, down = drawn * torch.tensor(largest)[:, None]
        cos, sin = angle.cos() / (1 + scale), angle.sin() / (1 + scale)
        # Coordinates run from -1 to 1 along each side, whatever its length in pixels.
        height, width = self.image_shape
        across = (shear * cos - sin) * (height / width)
        rows = [
            torch.stack([cos, across, right], dim=1),
            torch.stack([sin * (width / height), shear * sin + cos, down], dim=1),
        ]
        return torch.stack(rows, dim=1)


def _border(images: Tensor) -> Tensor:
    """Return the outermost pixels of images, shape (m, 1, height, width): (m, some)."""
    sides = images[..., [0, -1], :], images[..., [0, -1]]
    return torch.cat([side.flatten(1) for side in sides], dim=1)
