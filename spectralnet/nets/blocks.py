"""Building blocks of the nets."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from spectralnet.matrices import FAR, Matrix, drawn_in, mean_and_variance, near_rows
from spectralnet.nets.gradients import OrientedGradients
from spectralnet.nets.net import Net, checked_sizes
from spectralnet.nets.projection import Projection, UnitRows
from spectralnet.parameters import LONGEST_SIDE

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU}


class MLP(Net):
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
        self.sizes = checked_sizes("sizes", sizes)
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


class ConvNet(Net):
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
        self.image_shape = checked_sizes("image_shape", image_shape, LONGEST_SIDE)
        self.channels, self.sizes = checked_sizes("channels", channels), list(sizes)
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


KINDS: dict[str, Callable[..., Net]] = {
    "mlp": MLP,
    "conv": ConvNet,
    "gradients": OrientedGradients,
    "projection": Projection,
}


def build_net(config: dict[str, Any]) -> Net:
    """Build a net of the shape that its `config` holds, with random weights."""
    arguments = dict(config)
    return KINDS[arguments.pop("kind")](**arguments)


class Standardise(nn.Module):
    """Shift each feature to mean 0, and scale all of them by one factor to mean variance 1.

    One factor, since a factor of its own for each feature would change which points are near.
    Outliers do not count, for then all other points would be one to the net; they are drawn in
    from where no other point is.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(()))

    def fit(self, x: Matrix) -> "Standardise":
        """Take mean and scale from the rows of `x`, shape (n, d)."""
        near = near_rows(x)
        mean, variance = mean_and_variance(x if near.all() else x[near])
        self.mean.copy_(mean)
        self.scale.copy_(variance.mean().sqrt())
        if self.scale == 0:  # all rows alike: nothing to scale
            self.scale.fill_(1)
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Map x, shape (m, d), to the same shape."""
        return drawn_in((x - self.mean) / self.scale, FAR * x.shape[1] ** 0.5)


def conv_decoder(image_shape: Sequence[int], channels: Sequence[int], code_size: int) -> nn.Module:
    """Build the mirror image of `spectralnet.nets.blocks.ConvNet`: from codes to images, as rows.

    Parameters
    ----------
    image_shape : (int, int)
    channels : sequence of int
        As given to the encoder.
    code_size : int

    Returns
    -------
    nn.Module
        With linear outputs.
    """
    shapes = map_shapes(image_shape, channels)
    height, width = shapes[-1]
    layers: list[nn.Module] = [
        nn.Linear(code_size, height * width * channels[-1]),
        nn.ReLU(),
        nn.Unflatten(1, (channels[-1], height, width)),
    ]
    for i in reversed(range(len(channels))):
        stride = 1 if i == len(channels) - 1 else 2
        kernel = 5 if i == 0 else 3
        # A strided convolution maps even and odd sizes to one: say which it was.
        lost = [(size - 1) % stride for size in shapes[i]]
        n_out = channels[i - 1] if i else 1
        layers.append(
            nn.ConvTranspose2d(channels[i], n_out, kernel, stride, kernel // 2, (lost[0], lost[1]))
        )
        if i:
            layers.append(nn.ReLU())
    net = nn.Sequential(*layers, nn.Flatten())
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def map_shapes(image_shape: Sequence[int], channels: Sequence[int]) -> list[tuple[int, int]]:
    """Return height and width before each convolution of a `ConvNet`; the last keeps its."""
    shapes = [(image_shape[0], image_shape[1])]
    for _ in channels[:-1]:
        height, width = shapes[-1]
        shapes.append((-(-height // 2), -(-width // 2)))
    return shapes
