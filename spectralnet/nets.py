"""Building blocks of the nets."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spectralnet.errors import ParameterError

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU}


class MLP(nn.Sequential):
    """A multilayer perceptron with a linear last layer.

    Parameters
    ----------
    sizes : sequence of int
        Widths from the input to the output. A single width has no layers: the identity.
    activation : {"relu", "leaky_relu"}, default="relu"
    """

    def __init__(self, sizes: Sequence[int], activation: str = "relu") -> None:
        self.sizes = list(sizes)
        self.activation = activation
        layers: list[nn.Module] = []
        for n_in, n_out in zip(self.sizes[:-1], self.sizes[1:], strict=True):
            if layers:
                layers.append(ACTIVATIONS[activation]())
            layers.append(nn.Linear(n_in, n_out))
        super().__init__(*layers)

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that build this net again."""
        return {"sizes": self.sizes, "activation": self.activation}


class Standardise(nn.Module):
    """Shift each feature to mean 0, and scale all of them by one factor to mean variance 1.

    One factor, since a factor of its own for each feature would change which points are near.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(()))

    def fit(self, x: Tensor) -> "Standardise":
        """Take mean and scale from the rows of `x`, shape (n, d)."""
        self.mean.copy_(x.mean(dim=0))
        self.scale.copy_(x.var(dim=0, correction=0).mean().sqrt())
        if self.scale == 0:  # all rows alike: nothing to scale
            self.scale.fill_(1)
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Map x, shape (m, d), to the same shape."""
        return (x - self.mean) / self.scale


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Initialise weights from `seed` and leave torch's global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # not CUDA's: weights are drawn on the CPU
        yield


def pick_device(device: str) -> torch.device:
    """Turn "auto", "cpu" or "cuda" into a device; a `ParameterError` if it is not there."""
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise ParameterError("device = cuda, but torch finds none here: use device: auto or cpu")
    return torch.device("cuda" if available and device != "cpu" else "cpu")


@torch.no_grad()
def map_in_chunks(
    net: nn.Module, x: NDArray[np.float32], device: torch.device, chunk: int = 8192
) -> NDArray[np.float32]:
    """Apply a net to the rows of a matrix, `chunk` at a time.

    Parameters
    ----------
    net : nn.Module
    x : ndarray of shape (n, d)
        May be a memory map: no more than a chunk is read at once.
    device : torch.device
    chunk : int, default=8192

    Returns
    -------
    ndarray of shape (n, k)
    """
    net = net.to(device).eval()
    starts = range(0, max(len(x), 1), chunk)  # no rows: one empty chunk, which has the right width
    parts = [net(torch.from_numpy(np.array(x[i : i + chunk])).to(device)).cpu() for i in starts]
    return torch.cat(parts).numpy()
