"""The edges of an affinity graph, drawn in proportion to their weights."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from spectralnet.errors import ParameterError


class WeightedEdges:
    """Edges with weights.

    Parameters
    ----------
    ends : int ndarray of shape (2, edges)
    weights : ndarray of shape (edges,)
        Above 0.
    """

    def __init__(self, ends: NDArray[np.integer], weights: NDArray[np.floating]) -> None:
        self._ends = torch.from_numpy(ends.astype(np.int64))
        self._cumulated = torch.from_numpy(np.cumsum(weights, dtype=np.float64))

    def draw(self, m: int, generator: torch.Generator) -> Tensor:
        """Draw m edges, int (2, m), with replacement, each in proportion to its weight."""
        at = torch.rand(m, generator=generator, dtype=torch.float64) * self._cumulated[-1]
        chosen = torch.searchsorted(self._cumulated, at, right=True)
        return self._ends[:, chosen.clamp_max(self._ends.shape[1] - 1)]

    def draw_directed(self, m: int, generator: torch.Generator) -> Tensor:
        """Draw m edges, int (2, m), from either of their ends with the same chance."""
        ends = self.draw(m, generator)
        return torch.where(torch.rand(m, generator=generator) < 0.5, ends, ends.flip(0))


def split_edges(
    graph: csr_array, held_out: NDArray[np.bool_]
) -> tuple[WeightedEdges, WeightedEdges]:
    """Split the edges of a graph into those between fitted points and the others.

    Splitting points, not edges, keeps a held-out loss honest: no gradient has seen one end
    of each held-out edge.

    Parameters
    ----------
    graph : csr_array of shape (n, n)
        Symmetric.
    held_out : bool ndarray of shape (n,)

    Returns
    -------
    fitted, held_out : WeightedEdges

    Raises
    ------
    ParameterError
        If no edge is left to fit.
    """
    edges = graph.tocoo()
    once = edges.row < edges.col
    ends = np.stack([edges.row[once], edges.col[once]])  # (2, edges)
    unseen = held_out[ends].any(axis=0)
    weights = edges.data[once]
    if unseen.all():
        raise ParameterError(
            f"each of {len(unseen)} edges touches a held-out point: lower held_out, or fit more "
            "points (`limit`)"
        )
    return (
        WeightedEdges(ends[:, ~unseen], weights[~unseen]),
        WeightedEdges(ends[:, unseen], weights[unseen]),
    )
