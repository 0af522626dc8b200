"""What the training of a spectral map asks of a way to draw minibatches of a graph."""

from collections.abc import Callable, Iterator
from typing import ClassVar, NamedTuple, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from spectralnet.graph.affinity import GraphParams
from spectralnet.matrices import Points

Map = Callable[[Tensor], Tensor]


class Given(NamedTuple):
    """What a sampler may be built of."""

    points: Points  # (n, e), whose distances made the graph
    graph: csr_array  # (n, n), affinities
    held_out: NDArray[np.bool_]  # (n,), what is kept out of training
    batch_size: int
    params: GraphParams  # how affinities are made
    n_components: int  # of the map's outputs
    seed: int


class Sampler(Protocol):
    """What the training of a spectral map asks of a sampler."""

    normalised: ClassVar[bool]
    """Whether the loss is of the normalised Laplacian, L u = lambda D u."""
    reads_graph: ClassVar[bool]
    """Whether its affinities are those of the graph, and not of its own making."""
    parts: ClassVar[int]
    """Into how many disjoint minibatches a step divides points."""

    @classmethod
    def build(cls, given: Given) -> Self:
        """Build it of what any sampler may need."""

    def batches(self, generator: torch.Generator, n: int) -> Iterator[Tensor]:
        """Draw n minibatches of indices of fitted points."""

    def held_out_batches(self, generator: torch.Generator, n: int) -> Iterator[Tensor]:
        """Draw n minibatches that rest on held-out points."""

    def loss(self, outputs: Map, batch: Tensor) -> Tensor:
        """Estimate how far a map from points to outputs is from spanning the eigenspace.

        The map is asked for this process's share of the minibatch, the loss is that of all of it.
        """
