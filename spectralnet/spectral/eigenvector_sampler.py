"""Points, and where the exact eigenvectors of their graph put them."""

from collections.abc import Iterator
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor

from spectralnet.errors import TrainingError
from spectralnet.graph.affinity import degrees
from spectralnet.matrices import Points
from spectralnet.nets.distributed import averaged, share
from spectralnet.spectral.exact import exact_eigenvectors
from spectralnet.spectral.sampling import Given, Map, Sampler

QUICK = 1e10  # multiply-adds of exact eigenvectors, some 10 s
MOST_POINTS = 2**17


class EigenvectorSampler(Sampler):
    """Draws points in proportion to their degrees: least squares to exact eigenvectors.

    The mean squared distance between a map's outputs and the eigenvectors has the degrees as its
    weights, as the eigenvectors' own products have. Its gradient has less noise, and no bias: the
    quotient of a minibatch is too large where few of its points are far out, and so keeps a map
    from eigenvectors that set small groups apart. What it needs, exact eigenvectors, is what a
    spectral map is there to do without, and can be had of graphs that are not too large.

    All points are fitted: of a group of twenty, two that are left out may end up anywhere.

    Parameters
    ----------
    eigenvectors : Points of shape (n, c)
        On the device to compute on.
    degree : ndarray of shape (n,)
    held_out : bool ndarray of shape (n,)
        Points that the held-out loss is of.
    batch_size : int
        Half of the points in a minibatch, as where it is of edges.
    """

    normalised, reads_graph, parts = True, True, 1

    def __init__(
        self,
        eigenvectors: Points,
        degree: NDArray[np.float64],
        held_out: NDArray[np.bool_],
        batch_size: int,
    ) -> None:
        self.batch_size, self._eigenvectors = batch_size, eigenvectors
        self._all = torch.from_numpy(np.cumsum(degree))
        self._held_out = torch.from_numpy(np.cumsum(np.where(held_out, degree, 0)))

    @classmethod
    def build(cls, given: Given) -> Self:
        """Build it of the graph, whose eigenvectors it finds: a `TrainingError` if it cannot."""
        return cls.build_within(given, np.inf)

    @classmethod
    def build_within(cls, given: Given, most_work: float) -> Self:
        """Build it, unless the eigenvectors take more multiply-adds: then a `TrainingError`."""
        with threadpool_limits(1):  # for the same bits whatever their number
            found, _ = exact_eigenvectors(
                given.graph, given.n_components, cls.normalised, given.seed, most_work
            )
        eigenvectors = Points(found.astype(np.float32), given.points.device)
        return cls(eigenvectors, degrees(given.graph), given.held_out, given.batch_size)

    def batches(self, generator: torch.Generator, n: int) -> Iterator[Tensor]:
        """Draw n minibatches of points, int (2m,)."""
        return (self._draw(self._all, generator) for _ in range(n))

    def held_out_batches(self, generator: torch.Generator, n: int) -> Iterator[Tensor]:
        """Draw n minibatches of held-out points, int (2m,)."""
        return (self._draw(self._held_out, generator) for _ in range(n))

    def loss(self, outputs: Map, batch: Tensor) -> Tensor:
        """Return the mean squared distance to the eigenvectors on points, int (2m,)."""
        rows = share(batch, dim=0)
        y = outputs(rows)  # (2m, c)
        apart = ((y - self._eigenvectors[rows]) ** 2).sum(dim=1).mean()
        return averaged(apart, len(y))

    def _draw(self, cumulated: Tensor, generator: torch.Generator) -> Tensor:
        at = torch.rand(2 * self.batch_size, generator=generator, dtype=torch.float64)
        found = torch.searchsorted(cumulated, at * cumulated[-1], right=True)
        return found.clamp_max(len(cumulated) - 1)


def quick_eigenvectors(given: Given) -> EigenvectorSampler | None:
    """Return a sampler of a graph's exact eigenvectors, if these are found in some seconds."""
    if given.graph.shape[0] > MOST_POINTS:
        return None
    try:
        return EigenvectorSampler.build_within(given, QUICK)
    except TrainingError:
        return None
