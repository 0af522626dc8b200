"""Landmarks: a few of the points, and where other points lie among them."""

from typing import Literal

import torch
from torch import Tensor, nn

FEW_COLUMNS = 3
N_LANDMARKS = 256
NEAREST = 7  # landmark, whose distance is the width
FARTHEST = 12.0  # below the largest exponent: beyond it come denormals, which are slow


def landmark_numbers(landmarks: int | Literal["auto"], n_columns: int) -> tuple[int, ...]:
    """Return how many landmarks to try: with "auto" none, and in up to three columns 256 first.

    In few columns a perceptron learns smooth functions only (Tancik et al., Fourier features,
    NeurIPS 2020), in more it loses nothing. But beside landmarks it may miss a cluster of a few
    points, which have none: then none may be better.
    """
    if landmarks != "auto":
        return (landmarks,)
    return (N_LANDMARKS, 0) if n_columns <= FEW_COLUMNS else (0,)


class Landmarks(nn.Module):
    """Maps points to weights of L landmarks, whose mean square is 1 where they are alone.

    The weight of landmark l at x is in proportion to exp(-|x - l|^2 / 2 sigma_l^2). Among few
    columns a perceptron bends too slowly for eigenvectors that are all but constant on either
    side of a narrow gap; a sum of such weights does not.

    Parameters
    ----------
    n_landmarks, n_features : int

    Attributes
    ----------
    places : Tensor of shape (L, d)
    widths : Tensor of shape (L,)
        sigma_l, the distance to the 7th nearest landmark.

    References
    ----------
    Zelnik-Manor and Perona, Self-tuning spectral clustering, NIPS 2004 (the widths); Chen and
    Cai, Large scale spectral clustering with landmark-based representation, AAAI 2011.
    """

    places: Tensor
    widths: Tensor

    def __init__(self, n_landmarks: int, n_features: int) -> None:
        super().__init__()
        self.register_buffer("places", torch.zeros(n_landmarks, n_features))
        self.register_buffer("widths", torch.ones(n_landmarks))

    def fit(self, points: Tensor) -> None:
        """Take the points, shape (L, d), for landmarks."""
        apart = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
        apart = apart.masked_fill(apart == 0, torch.inf)  # itself, and equal ones
        nearest = apart.topk(min(NEAREST, len(points)), largest=False).values  # (L, 7)
        widths = nearest.masked_fill(nearest.isinf(), 0).amax(dim=1)  # (L,)
        self.places.copy_(points)
        self.widths.copy_(widths.where(widths > 0, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map x, shape (m, d), to weights, shape (m, L)."""
        # |x|^2 - 2 x l + |l|^2 cancels in float32; but Apple's GPUs have nothing more precise.
        precise = torch.float32 if x.device.type == "mps" else torch.float64
        x, places = x.to(precise), self.places.to(precise)
        halves = places.square().sum(dim=1) / 2 - x @ places.T  # (m, L), less |x|^2 / 2
        halves = (halves + x.square().sum(dim=1, keepdim=True) / 2).clamp_min(0)
        exponents = halves.float() / -(self.widths**2)
        below = (exponents - exponents.amax(dim=1, keepdim=True)).clamp_min(-FARTHEST)
        return below.softmax(dim=1) * len(self.widths) ** 0.5
