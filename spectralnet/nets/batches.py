"""Which points are held out, and how the others are cut into minibatches."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

EPOCH = 2**17  # rows that an epoch draws of more: its steps, and a training's, are then as many
UNSEEN = 2**14  # rows that tell a mean loss to 1 % where it varies as much as it is large


def n_held_out(n: int, fraction: float) -> int:
    """Return how many of n points no gradient sees: the part `held_out`, but at least one."""
    return max(1, round(fraction * n))


def hold_out(
    n: int, fraction: float, seed: int, among: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """Choose which of n points (`among` these) no gradient sees: a mask (n,), at least one."""
    mask, order = np.zeros(n, dtype=bool), np.random.default_rng(seed).permutation(n)
    mask[(order if among is None else order[among[order]])[: n_held_out(n, fraction)]] = True
    return mask


def split_points(n: int, fraction: float, seed: int) -> tuple[Tensor, Tensor]:
    """Return the indices of the points that are fitted, and of those held out: `UNSEEN` at most."""
    held_out = torch.from_numpy(hold_out(n, min(fraction, UNSEEN / n), seed))
    return torch.nonzero(~held_out).ravel(), torch.nonzero(held_out).ravel()


def shuffled_batches(
    rows: Tensor, batch_size: int, generator: torch.Generator, most: int = EPOCH
) -> list[Tensor]:
    """Shuffle `rows`, shape (n,), and cut the first `most` into batches of near-equal size."""
    drawn = rows[torch.randperm(len(rows), generator=generator)[:most]]
    return list(torch.tensor_split(drawn, n_batches(len(rows), batch_size, most)))


def n_batches(n: int, batch_size: int, most: int = EPOCH) -> int:
    """Return how many batches `shuffled_batches` cuts n rows into."""
    return max(1, round(min(n, most) / batch_size))
