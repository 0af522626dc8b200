"""Rows projected on a few directions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn

from spectralnet.nets.net import Net, checked_sizes


class UnitRows(nn.Module):
    """Scales each row, of shape (m, d), to length 1."""

    def forward(self, x: Tensor) -> Tensor:
        """Keep the directions of x."""
        return nn.functional.normalize(x, dim=1)


class Directions(nn.Linear):
    """The products of rows with directions: a linear layer without a bias."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, n_out, bias=False)

    def of_sparse(self, x: csr_array) -> Tensor:
        """Map sparse rows, shape (m, d), on the CPU: (m, k); equal ones to equal bits."""
        return torch.from_numpy(x.astype(np.float32) @ self.weight.detach().cpu().numpy().T)


class Projection(Net):
    """Rows projected on directions, such as principal ones.

    Parameters
    ----------
    sizes : (int, int)
        Width of a row, and number of directions.
    unit_rows : bool, default=False
        Scale the projections to length 1.
    """

    def __init__(self, sizes: Sequence[int], unit_rows: bool = False) -> None:
        self.sizes, self.unit_rows = checked_sizes("sizes", sizes), unit_rows
        self.n_features, n_directions = self.sizes
        layers: list[nn.Module] = [Directions(self.n_features, n_directions)]
        super().__init__(*layers, *([UnitRows()] if unit_rows else []))

    @classmethod
    def on(cls, directions: NDArray[np.floating], unit_rows: bool) -> "Projection":
        """Project on the rows of a matrix of shape (k, d)."""
        net = cls(directions.shape[::-1], unit_rows)
        net.load_state_dict({"0.weight": torch.from_numpy(directions.astype(np.float32))})
        return net

    @property
    def config(self) -> dict[str, Any]:
        """What `spectralnet.nets.blocks.build_net` builds this net from."""
        return {"kind": "projection", "sizes": self.sizes, "unit_rows": self.unit_rows}
