"""Building blocks of the nets."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spectralnet.errors import ParameterError
from spectralnet.matrices import Matrix, dense_rows, mean_and_variance
from spectralnet.progress import progress_bar

DENSE_AT_ONCE = 2**27  # numbers
ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU}


class UnitRows(nn.Module):
    """Scales each row, of shape (m, d), to length 1."""

    def forward(self, x: Tensor) -> Tensor:
        """Keep the directions of x."""
        return nn.functional.normalize(x, dim=1)


class MLP(nn.Sequential):
    """A multilayer perceptron with a linear last layer.

    Parameters
    ----------
    sizes : sequence of int
        Widths from the input to the output. A single width has no layers: the identity.
    activation : {"relu", "leaky_relu"}, default="relu"
    unit_rows : bool, default=False
        Scale the outputs to length 1.
    """

    def __init__(
        self, sizes: Sequence[int], activation: str = "relu", unit_rows: bool = False
    ) -> None:
        self.sizes = list(sizes)
        self.n_features = self.sizes[0]
        self.activation = activation
        self.unit_rows = unit_rows
        layers: list[nn.Module] = []
        for n_in, n_out in zip(self.sizes[:-1], self.sizes[1:], strict=True):
            if layers:
                layers.append(ACTIVATIONS[activation]())
            layers.append(nn.Linear(n_in, n_out))
        if unit_rows:
            layers.append(UnitRows())
        super().__init__(*layers)

    @property
    def config(self) -> dict[str, Any]:
        """What `build_net` builds this net from."""
        return {
            "kind": "mlp",
            "sizes": self.sizes,
            "activation": self.activation,
            "unit_rows": self.unit_rows,
        }


class ConvNet(nn.Sequential):
    """Convolutions on images that come as rows, then a perceptron.

    Parameters
    ----------
    image_shape : (int, int)
        Height and width.
    channels : sequence of int
        Of each convolution; all but the last halve height and width.
    sizes : sequence of int
        Widths of the perceptron's layers, the last one linear.
    unit_rows : bool, default=False
        Scale the outputs to length 1.
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        channels: Sequence[int],
        sizes: Sequence[int],
        unit_rows: bool = False,
    ) -> None:
        self.image_shape, self.channels, self.sizes = list(image_shape), list(channels), list(sizes)
        self.unit_rows = unit_rows
        height, width = image_shape
        self.n_features = height * width
        layers: list[nn.Module] = [nn.Unflatten(1, (1, height, width))]
        for i, (n_in, n_out) in enumerate(zip([1, *channels], channels, strict=False)):
            stride = 1 if i == len(channels) - 1 else 2
            kernel = 5 if i == 0 else 3
            layers += [nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2), nn.ReLU()]
            height, width = -(-height // stride), -(-width // stride)
        layers += [nn.Flatten(), MLP([height * width * channels[-1], *sizes], unit_rows=unit_rows)]
        super().__init__(*layers)
        # Half the time on CPUs.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def config(self) -> dict[str, Any]:
        """What `build_net` builds this net from."""
        return {
            "kind": "conv",
            "image_shape": self.image_shape,
            "channels": self.channels,
            "sizes": self.sizes,
            "unit_rows": self.unit_rows,
        }


def build_net(config: dict[str, Any]) -> MLP | ConvNet:
    """Build a net of the shape that its `config` holds, with random weights."""
    arguments = dict(config)
    kinds: dict[str, type[MLP] | type[ConvNet]] = {"mlp": MLP, "conv": ConvNet}
    return kinds[arguments.pop("kind")](**arguments)


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

    def fit(self, x: Matrix) -> "Standardise":
        """Take mean and scale from the rows of `x`, shape (n, d)."""
        mean, variance = mean_and_variance(x)
        self.mean.copy_(mean)
        self.scale.copy_(variance.mean().sqrt())
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


def half_precision(device: torch.device) -> AbstractContextManager[Any]:
    """Multiply matrices in bfloat16 inside the block, where the hardware does so natively.

    Weights, sums and gradients stay in float32. On CPUs that means AMX or AVX-512's bfloat16
    instructions: a training takes half to two thirds of the time.
    """
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        found = torch.cpu.get_capabilities()
        native = any(found.get(name, False) for name in ("amx_bf16", "avx512_bf16"))
    return torch.autocast(device.type, torch.bfloat16, enabled=native)


@torch.no_grad()
def map_in_chunks(
    net: nn.Module, x: Matrix, device: torch.device, chunk: int = 8192
) -> NDArray[np.float32]:
    """Apply a net to the rows of a matrix, `chunk` at a time.

    Parameters
    ----------
    net : nn.Module
    x : ndarray or csr_array of shape (n, d)
        May be a memory map: no more than a chunk is read, or made dense, at once.
    device : torch.device
    chunk : int, default=8192

    Returns
    -------
    ndarray of shape (n, k)
    """
    net = net.to(device).eval()
    chunk = min(chunk, max(1, DENSE_AT_ONCE // x.shape[1]))
    starts = range(0, max(x.shape[0], 1), chunk)  # no rows: one empty chunk, of the right width
    parts = []
    with progress_bar("mapping", len(starts), delay=2) as progress:
        for start in starts:
            rows = torch.from_numpy(dense_rows(x, slice(start, start + chunk)))
            parts.append(net(rows.to(device)).cpu())
            progress.update()
    return torch.cat(parts).numpy()
