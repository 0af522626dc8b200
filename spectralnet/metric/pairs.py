"""Which pairs of a minibatch the Siamese net has to pull together, and which to push apart."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor


class Neighbourhoods:
    """The neighbours of points in a graph, looked up for a minibatch at a time, on a device.

    Parameters
    ----------
    graph : csr_array of shape (n, n)
        An edge is an entry above 0.
    device : torch.device
    groups : ndarray of shape (n,), optional
        Of points that are told to belong together, -1 where nothing is told: see
        `spectralnet.graph.supervision.Groups`.
    """

    def __init__(
        self, graph: csr_array, device: torch.device, groups: NDArray[np.int64] | None = None
    ) -> None:
        if (graph.data <= 0).any():
            graph = graph > 0
        self.device = device
        self._starts = torch.from_numpy(graph.indptr.astype(np.int64))
        self._neighbours = torch.from_numpy(graph.indices).to(device)
        self._groups = None if groups is None else torch.from_numpy(groups).to(device)

    def among(self, anchors: Tensor, points: Tensor) -> Tensor:
        """Say which points are neighbours of which anchors.

        Parameters
        ----------
        anchors : int Tensor of shape (m,)
            On the CPU.
        points : int Tensor of shape (l,)
            On the device.

        Returns
        -------
        bool Tensor of shape (m, l)
        """
        m, device = len(anchors), points.device
        starts = self._starts[anchors]
        counts = self._starts[anchors + 1] - starts
        n_found = int(counts.sum())  # on the CPU, so that the device need not tell
        before = counts.cumsum(0) - counts
        rows = torch.arange(m, device=device).repeat_interleave(
            counts.to(device), output_size=n_found
        )
        at = torch.arange(n_found, device=device) + (starts - before).to(device)[rows]
        neighbours = self._neighbours[at].to(points.dtype)
        ordered = points.sort().values
        found = torch.searchsorted(ordered, neighbours).clamp_max(len(points) - 1)
        beside = torch.where(ordered[found] == neighbours, found, len(points))
        near = torch.zeros(len(points) + 1, m, dtype=torch.bool, device=device)
        near.index_put_((beside, rows), near.new_ones(()))
        return near[torch.searchsorted(ordered, points)].T  # of equal points the first

    def together(self, points: Tensor, m: int) -> Tensor | None:
        """Say which of all points the first m are told to belong with: (m, l), None if nothing is.

        `points`, int of shape (l,), are on the device.
        """
        if self._groups is None:
            return None
        group = self._groups[points]  # (l,)
        own = group[:m, None]
        return (own == group) & (own >= 0)


def pair_masks(ends: Tensor, neighbourhoods: Neighbourhoods) -> tuple[Tensor, Tensor]:
    """Say which pairs of a minibatch are positive and which negative.

    Parameters
    ----------
    ends : int Tensor of shape (2, m)
        Edges: anchors, and the positive of each; on the CPU.
    neighbourhoods : Neighbourhoods
        On whose device the masks are.

    Returns
    -------
    positive, negative : bool Tensor of shape (m, 2m)
        Between the anchors and all points of the minibatch, ``ends.reshape(-1)``. A point
        that is the anchor itself, one of its neighbours or told to belong with it, but not its
        positive, is neither.
    """
    device = neighbourhoods.device
    m, points = ends.shape[1], ends.reshape(-1).to(device)
    positive = torch.zeros(m, 2 * m, dtype=torch.bool, device=device)
    positive.diagonal(m).fill_(True)
    near = neighbourhoods.among(ends[0], points).contiguous()
    if (together := neighbourhoods.together(points, m)) is not None:
        near.logical_or_(together)
    return positive, ~near.logical_or_(positive).logical_or_(points[:m, None] == points)
