"""A spectral map that was trained, and how near it came."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spectralnet.spectral.map import SpectralMap


class Trained(NamedTuple):
    """A spectral map, and what its training found."""

    spectral_map: SpectralMap
    eigenvalues: NDArray[np.float64]  # (c,), of the Laplacian that `sampler` estimates
    history: pd.DataFrame  # on edges, also where the net before them is kept
    fitting: pd.DataFrame | None = None  # of least squares to exact eigenvectors, before that
    is_near: bool = False  # whether those left nothing to do

    @property
    def rank(self) -> int:
        """How many of its c eigenvectors the last layer does not leave 0."""
        return int(self.spectral_map.output_weights.any(dim=0).sum())

    def distance(self, n_leading: int | None) -> tuple[float, float]:
        """Sum the leading eigenvalues, and all, which decide between level ones, such as zeros."""
        found = np.where(np.arange(len(self.eigenvalues)) < self.rank, self.eigenvalues, np.inf)
        return round(found[:n_leading].sum(), 6), found.sum()
