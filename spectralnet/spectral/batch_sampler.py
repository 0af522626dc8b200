"""The paper's minibatches: points, with affinities inside each."""

from collections.abc import Iterator
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spectralnet.graph.affinity import GraphParams, affinity_graph
from spectralnet.graph.neighbours import Neighbours
from spectralnet.matrices import Points
from spectralnet.nets.distributed import gathered, share
from spectralnet.spectral.orthonormal import orthonormal_weights
from spectralnet.spectral.sampling import Given, Map, Sampler


class BatchSampler(Sampler):
    """Draws points, with affinities inside a minibatch, for the unnormalised Laplacian.

    Each minibatch comes with a second one, which sets the orthonormal weights. The affinities
    are the paper's with ``scale: global`` and ``overlap: 0``.

    Parameters
    ----------
    points : Points of shape (n, e)
        Whose Euclidean distances make the affinity, on the device to compute on.
    held_out : bool ndarray of shape (n,)
        Points kept out of training.
    batch_size : int
        Points in each of the two halves of a minibatch.
    params : GraphParams
        Neighbours are searched for inside the minibatch.

    References
    ----------
    Shaham et al., SpectralNet, ICLR 2018, equation 1 and algorithm 1.
    """

    normalised, reads_graph, parts = False, False, 2

    def __init__(
        self,
        points: Points,
        held_out: NDArray[np.bool_],
        batch_size: int,
        params: GraphParams,
    ) -> None:
        self.batch_size, self.params = batch_size, params
        self._points = points
        self._fitted = torch.from_numpy(np.flatnonzero(~held_out))
        self._held_out = torch.from_numpy(np.flatnonzero(held_out))

    @classmethod
    def build(cls, given: Given) -> Self:
        """Build it of the points."""
        return cls(given.points, given.held_out, given.batch_size, given.params)

    def batches(self, generator: torch.Generator, n: int) -> Iterator[Tensor]:
        """Draw n minibatches of fitted points, int (2, m)."""
        return (_draw_halves(self._fitted, self.batch_size, generator) for _ in range(n))

    def held_out_batches(self, generator: torch.Generator, n: int) -> Iterator[Tensor]:
        """Draw n minibatches, int (2, m), of held-out points; fitted ones fill up what lacks.

        A smaller minibatch would not do: its neighbours are farther.
        """
        for _ in range(n):
            fill = self._fitted[torch.randperm(len(self._fitted), generator=generator)]
            pool = torch.cat([self._held_out, fill])[
                : max(2 * self.batch_size, len(self._held_out))
            ]
            yield _draw_halves(pool, self.batch_size, generator)

    def loss(self, outputs: Map, batch: Tensor) -> Tensor:
        """Return (1/2m) sum_ij W_ij |y_i - y_j|^2 on points, int (2, m).

        The first half sets the orthonormal weights, the second the gradient.
        """
        mine = share(batch, dim=1)
        to_orthonormal, to_gradient = outputs(mine.reshape(-1)).chunk(2)  # (m, c) each
        weights, missing = orthonormal_weights(to_orthonormal)
        y = gathered(to_gradient @ weights, batch.shape[1])
        affinity = dense_affinity(self._points[batch[1]], self.params)
        quotient = (affinity * torch.cdist(y, y) ** 2).sum() / (2 * len(y))
        return quotient + missing * (affinity.sum() / len(y))  # the mean degree


def _draw_halves(points: Tensor, m: int, generator: torch.Generator) -> Tensor:
    """Draw two disjoint minibatches of up to m points each: int (2, m)."""
    m = min(m, len(points) // 2)
    return points[torch.randperm(len(points), generator=generator)[: 2 * m]].view(2, m)


def dense_affinity(x: Tensor, params: GraphParams) -> Tensor:
    """Weight the nearest neighbours inside a minibatch, as `affinity_graph` does.

    Parameters
    ----------
    x : Tensor of shape (m, e)
    params : GraphParams
        Where m is smaller, there are m - 1 neighbours, and the others fit to these.

    Returns
    -------
    Tensor of shape (m, m)
        Symmetric, with an empty diagonal.
    """
    k = min(params.n_neighbours, len(x) - 1)
    if k == 0:  # half of three points
        return torch.zeros_like(x[:, :1])
    distances = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
    distances.fill_diagonal_(torch.inf)  # a point is not its own neighbour
    nearest, indices = (found.cpu().numpy() for found in distances.topk(k, largest=False))
    neighbours = Neighbours(indices.astype(np.int32), nearest, "exact", 1.0)
    graph = affinity_graph(neighbours, params.for_neighbours(k))
    return torch.from_numpy(graph.toarray()).to(x)
