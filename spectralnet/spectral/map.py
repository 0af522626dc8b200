"""The spectral map: a net into the eigenspace of a graph Laplacian."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spectralnet.matrices import Matrix, dense_rows
from spectralnet.nets.blocks import MLP, Standardise
from spectralnet.nets.devices import seeded
from spectralnet.spectral.landmarks import Landmarks


class SpectralMap(nn.Module):
    """F_theta: R^d -> R^c, a multilayer perceptron with an orthonormal output layer.

    Parameters
    ----------
    sizes : list of int
        Widths from the input to the c eigenvectors.
    n_landmarks : int, default=0
        Whose weights are inputs of the perceptron, beside the point itself.

    Attributes
    ----------
    output_weights : Tensor of shape (c, c)
        A buffer: the weights of the last layer, which no gradient trains; see
        `spectralnet.spectral.last_layer.finish`.

    References
    ----------
    Shaham et al., SpectralNet, ICLR 2018, section 3.1.
    """

    output_weights: Tensor

    def __init__(self, sizes: list[int], n_landmarks: int = 0) -> None:
        super().__init__()
        self.standardise = Standardise(sizes[0])
        self.landmarks = Landmarks(n_landmarks, sizes[0]) if n_landmarks else None
        self.sizes, self.n_landmarks = sizes, n_landmarks
        self.mlp = MLP([sizes[0] + n_landmarks, *sizes[1:]], activation="leaky_relu")
        self.register_buffer("output_weights", torch.eye(sizes[-1]))

    def continued(self, n_components: int, seed: int) -> "SpectralMap":
        """Return a copy to train on; further outputs, up to `n_components`, are random."""
        n_outputs = max(self.sizes[-1], n_components)
        with seeded(seed):
            copied = SpectralMap([*self.sizes[:-1], n_outputs], self.n_landmarks)
        with torch.no_grad():
            for own, former in zip(copied.parameters(), self.parameters(), strict=True):
                own[: len(former)] = former
        copied.standardise.load_state_dict(self.standardise.state_dict())
        if copied.landmarks and self.landmarks:
            copied.landmarks.load_state_dict(self.landmarks.state_dict())
        return copied

    @torch.no_grad()
    def fit_inputs(self, x: Matrix, near: NDArray[np.bool_], seed: int) -> None:
        """Take the scale from the rows of x, shape (n, d), and draw landmarks from the `near` ones.

        The width of a landmark that is an outlier would reach all other points.
        """
        self.standardise.fit(x)
        if self.landmarks:
            among, random = np.flatnonzero(near), np.random.default_rng(seed)
            rows = random.choice(among, self.n_landmarks, replace=len(among) < self.n_landmarks)
            drawn = torch.from_numpy(dense_rows(x, np.sort(rows)))
            self.landmarks.fit(self.standardise(drawn.to(self.output_weights.device)))

    def outputs(self, x: Tensor, weights: Tensor | None = None) -> Tensor:
        """Map x, shape (m, d), to the outputs before the last layer, shape (m, c).

        Weights of the landmarks, shape (m, L), need not be found anew where they are known.
        """
        x = self.standardise(x)
        if self.landmarks:
            x = torch.cat([x, self.landmarks(x) if weights is None else weights], dim=1)
        return self.mlp(x)

    def forward(self, x: Tensor) -> Tensor:
        """Map x, shape (m, d), to its place in the eigenspace, shape (m, c)."""
        return self.outputs(x) @ self.output_weights
