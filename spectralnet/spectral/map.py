"""The spectral map: a net into the eigenspace of a graph Laplacian."""

import torch
from torch import Tensor, nn

from spectralnet.nets.blocks import MLP, Standardise


class SpectralMap(nn.Module):
    """F_theta: R^d -> R^c, a multilayer perceptron with an orthonormal output layer.

    Parameters
    ----------
    sizes : list of int
        Widths from the input to the c eigenvectors.

    Attributes
    ----------
    output_weights : Tensor of shape (c, c)
        A buffer: the weights of the last layer, which no gradient trains; see
        `spectralnet.spectral.training.finish`.

    References
    ----------
    Shaham et al., SpectralNet, ICLR 2018, section 3.1.
    """

    output_weights: Tensor

    def __init__(self, sizes: list[int]) -> None:
        super().__init__()
        self.standardise = Standardise(sizes[0])
        self.mlp = MLP(sizes, activation="leaky_relu")
        self.register_buffer("output_weights", torch.eye(sizes[-1]))

    def continued(self, n_components: int) -> "SpectralMap":
        """Return a copy to train on; further outputs, up to `n_components`, are random."""
        sizes = self.mlp.sizes
        copied = SpectralMap([*sizes[:-1], max(sizes[-1], n_components)])
        with torch.no_grad():
            for own, former in zip(copied.parameters(), self.parameters(), strict=True):
                own[: len(former)] = former
        copied.standardise.load_state_dict(self.standardise.state_dict())
        return copied

    def outputs(self, x: Tensor) -> Tensor:
        """Map x, shape (m, d), to the outputs before the last layer, shape (m, c)."""
        return self.mlp(self.standardise(x))

    def forward(self, x: Tensor) -> Tensor:
        """Map x, shape (m, d), to its place in the eigenspace, shape (m, c)."""
        return self.outputs(x) @ self.output_weights
