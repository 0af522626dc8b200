"""The ways to draw minibatches of a graph, each with its loss of a spectral map."""

from collections.abc import Iterator
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from spectralnet.graph.edges import split_edges
from spectralnet.nets.distributed import averaged, share
from spectralnet.spectral.batch_sampler import BatchSampler
from spectralnet.spectral.eigenvector_sampler import EigenvectorSampler
from spectralnet.spectral.orthonormal import orthonormal_weights
from spectralnet.spectral.sampling import Given, Map, Sampler


class EdgeSampler(Sampler):
    """Draws edges in proportion to their weights: the normalised cut.

    An endpoint of such an edge is then drawn in proportion to its degree, so C, the second
    moment of the endpoints' outputs, and E, half that of the edges' differences, are
    unbiased estimates of Y^T D Y and Y^T L Y up to one factor, over the fitted points. Their
    quotient tr(C^-1 E) estimates tr((Y^T D Y)^-1 Y^T L Y), with a bias that falls with the
    size of the minibatch; its minimum over Y is the sum of the smallest eigenvalues of
    L u = lambda D u. No neighbours are searched for in a step, and one minibatch sets both
    the orthonormal weights and the gradient.

    Parameters
    ----------
    graph : csr_array of shape (n, n)
        Symmetric.
    held_out : bool ndarray of shape (n,)
        Points whose edges are kept out of training.
    batch_size : int
        Edges in a minibatch.

    Raises
    ------
    ParameterError
        If no edge is left for training.
    """

    normalised, reads_graph, parts = True, True, 1

    def __init__(self, graph: csr_array, held_out: NDArray[np.bool_], batch_size: int) -> None:
        self.batch_size = batch_size
        self._fitted, self._held_out = split_edges(graph, held_out)

    @classmethod
    def build(cls, given: Given) -> Self:
        """Build it of the graph."""
        return cls(given.graph, given.held_out, given.batch_size)

    def batches(self, generator: torch.Generator, n: int) -> Iterator[Tensor]:
        """Draw n minibatches of edges, int (2, m), between fitted points."""
        return (self._fitted.draw(self.batch_size, generator) for _ in range(n))

    def held_out_batches(self, generator: torch.Generator, n: int) -> Iterator[Tensor]:
        """Draw n minibatches of edges, int (2, m), with a held-out end."""
        return (self._held_out.draw(self.batch_size, generator) for _ in range(n))

    def loss(self, outputs: Map, batch: Tensor) -> Tensor:
        """Return tr(C^-1 E) on edges, int (2, m); a missing dimension has the eigenvalue 1."""
        y = outputs(share(batch, dim=1).reshape(-1))  # (2m, c)
        weights, missing = orthonormal_weights(y)
        left, right = (y @ weights).chunk(2)
        apart = ((left - right) ** 2).sum(dim=1).mean()
        return averaged(apart, len(left)) / 2 + missing


SAMPLERS: dict[str, type[Sampler]] = {
    "auto": EdgeSampler,  # after eigenvectors, where these are quick to find
    "edges": EdgeSampler,
    "eigenvectors": EigenvectorSampler,
    "batch": BatchSampler,
}
