"""A descriptor of images that needs no training: histograms of oriented gradients."""

from collections.abc import Sequence
from math import ceil, cos, pi, sin
from typing import Any

import torch
from torch import Tensor, nn

from spectralnet.nets.net import Net, checked_sizes
from spectralnet.parameters import LONGEST_SIDE

SIDE = 28  # pixels, to which the longer side of an image is brought
MARGIN = 2  # pixels around it, so that the strokes at its border are pooled as others are
CELL = 4  # pixels, the step of the grid on which gradients are pooled
BLUR, POOLING = 1.0, 2.2  # pixels: standard deviations of Gaussians
DIRECTIONS = 8
FLAT = 1e-5  # in parts of the brightest pixel
AT_ONCE = 128  # images, whose gradients stay in the processor's cache


class OrientedGradients(Net):
    """Histograms of oriented gradients of images that come as rows: 512 numbers each.

    How strongly brightness rises in each of 8 directions around each point of an 8 x 8 grid. A
    small shift, a stroke's width and the contrast change little of it, so neighbours by it are
    more often of one kind than neighbours by pixels. All of it is fixed: there are no weights.

    Parameters
    ----------
    image_shape : (int, int)
        Height and width.

    References
    ----------
    Dalal and Triggs, Histograms of oriented gradients for human detection, CVPR 2005; the soft
    bins and Gaussian pooling are those of Tola, Lepetit and Fua, DAISY, PAMI 2010, the square
    root that of Arandjelovic and Zisserman, Three things everyone should know, CVPR 2012.
    """

    def __init__(self, image_shape: Sequence[int]) -> None:
        self.image_shape = checked_sizes("image_shape", image_shape, LONGEST_SIDE)
        height, width = self.image_shape
        self.n_features = height * width
        self.sizes = [self.n_features, DIRECTIONS * ((SIDE + 2 * MARGIN) // CELL) ** 2]
        super().__init__(nn.Unflatten(1, (height, width)), Histograms(height, width))

    @property
    def config(self) -> dict[str, Any]:
        """What `spectralnet.nets.blocks.build_net` builds this net from."""
        return {"kind": "gradients", "image_shape": self.image_shape}


class Histograms(nn.Module):
    """Maps images, shape (m, height, width), to histograms, shape (m, 512).

    Resizing, blurring, differences and pooling are linear along rows and along columns: a
    matrix from the left and one from the right.
    """

    rows_blurred: Tensor
    rows_rises: Tensor
    columns_blurred: Tensor
    columns_rises: Tensor
    pool: Tensor
    towards: Tensor

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        with torch.device("cpu"):  # meta, where a model's shapes are checked, imports the compiler
            self._make(height, width)

    def _make(self, height: int, width: int) -> None:
        frame = SIDE + 2 * MARGIN
        for name, size in (("rows", height), ("columns", width)):
            blurred = _gaussian(frame, 1, BLUR) @ _framed(size, max(height, width))
            rises = torch.gradient(blurred, dim=0)[0]
            self.register_buffer(f"{name}_blurred", blurred, persistent=False)
            self.register_buffer(f"{name}_rises", rises, persistent=False)
        self.register_buffer("pool", _gaussian(frame, CELL, POOLING), persistent=False)
        angles = [2 * pi * i / DIRECTIONS for i in range(DIRECTIONS)]
        towards = torch.tensor([[cos(angle), sin(angle)] for angle in angles])
        self.register_buffer("towards", towards, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Pool the gradients of images by place and direction."""
        # A graph that is exported takes any m, so it has no loop over parts.
        parts = [images] if torch.compiler.is_exporting() else images.split(AT_ONCE)
        pooled = torch.cat([self._pooled(some) for some in parts])  # (m, 512)
        return nn.functional.normalize(pooled, dim=1).sqrt()

    def _pooled(self, images: Tensor) -> Tensor:
        x = self.rows_blurred @ images @ self.columns_rises.T  # (m, frame, frame)
        y = self.rows_rises @ images @ self.columns_blurred.T
        along = torch.einsum("oc,cmhw->omhw", self.towards, torch.stack([x, y])).clamp_min(0)
        length = torch.hypot(x, y)
        # By the fourth power of the cosine: two directions of eight share most gradients.
        share = (along / length.clamp_min(torch.finfo(x.dtype).tiny)).square().square()
        # What rounding leaves of an even image is no gradient.
        least = FLAT * images.abs().amax(dim=(1, 2))[:, None, None]
        strength = share * length.where(length > least, 0)  # (8, m, frame, frame)
        return (self.pool @ strength @ self.pool.T).transpose(0, 1).flatten(1)


def _framed(size: int, longest: int) -> Tensor:
    """Bring a side to its part of `SIDE` pixels, in the middle of the frame: (frame, size).

    The pixels at the border are repeated beyond it, whatever the ground is.
    """
    wanted = max(1, round(SIDE * size / longest))
    each = torch.eye(size)[:, None]  # (size, 1, size): each pixel alone
    resized = nn.functional.interpolate(each[:, None], (1, wanted), mode="bilinear", antialias=True)
    missing = SIDE + 2 * MARGIN - wanted
    ends = (missing // 2, missing - missing // 2)
    return nn.functional.pad(resized[:, 0], ends, mode="replicate")[:, 0].T


def _gaussian(frame: int, step: int, deviation: float) -> Tensor:
    """Average around every `step`-th pixel, by a Gaussian: (frame / step, frame).

    The weights of a row sum to 1; beyond the frame, whose border is even, nothing is missing.
    """
    reach = ceil(3 * deviation)
    centres = torch.arange(step // 2, frame, step)
    offsets = torch.arange(-reach, reach + 1)
    weights = torch.exp(-((offsets / deviation) ** 2) / 2)
    matrix = torch.zeros(len(centres), frame)
    for offset, weight in zip(offsets, weights / weights.sum(), strict=True):
        at = (centres + offset).clamp(0, frame - 1)
        matrix[torch.arange(len(centres)), at] += weight
    return matrix
