"""The edges of an affinity graph, drawn in proportion to their weights."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from spectralnet.errors import ParameterError
from spectralnet.matrices import row_blocks

Arrays = tuple[NDArray[np.integer], NDArray[np.floating], NDArray[np.integer]]
EDGES_A_GROUP = 32  # of whose weights only the sum is kept in double precision


class WeightedEdges:
    """Edges with weights, in 8 bytes each if these are float32.

    Parameters
    ----------
    columns : int ndarray of shape (edges,)
        Their second ends, by rows: those of the first ends.
    weights : ndarray of shape (edges,)
        Above 0.
    n_of_row : int ndarray of shape (n,)
        How many edges begin at each point.
    """

    def __init__(
        self,
        columns: NDArray[np.integer],
        weights: NDArray[np.floating],
        n_of_row: NDArray[np.integer],
    ) -> None:
        starts = np.arange(0, len(weights), EDGES_A_GROUP)
        sums = np.add.reduceat(weights, starts, dtype=np.float64) if len(starts) else np.zeros(0)
        self._columns, self._weights = torch.from_numpy(columns), torch.from_numpy(weights)
        self._cumulated = torch.from_numpy(np.cumsum(sums))  # (groups,)
        self._row_ends = torch.from_numpy(np.cumsum(n_of_row, dtype=np.int64))  # (n,)

    def __len__(self) -> int:
        return len(self._weights)

    def draw(self, m: int, generator: torch.Generator) -> Tensor:
        """Draw m edges, int (2, m), with replacement, each in proportion to its weight."""
        last = len(self._weights) - 1
        at = torch.rand(m, generator=generator, dtype=torch.float64) * self._cumulated[-1]
        group = torch.searchsorted(self._cumulated, at, right=True)
        group = group.clamp_max(len(self._cumulated) - 1)
        before = torch.where(group > 0, self._cumulated[group - 1], 0)
        edges = EDGES_A_GROUP * group[:, None] + torch.arange(EDGES_A_GROUP)  # (m, group)
        inside = self._weights[edges.clamp_max(last)].double().cumsum(dim=1)
        place = (inside <= (at - before)[:, None]).sum(dim=1).clamp_max(EDGES_A_GROUP - 1)
        chosen = (EDGES_A_GROUP * group + place).clamp_max(last)
        rows = torch.searchsorted(self._row_ends, chosen, right=True)
        return torch.stack([rows, self._columns[chosen].long()])

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
    parts: tuple[list[Arrays], list[Arrays]] = ([], [])
    for rows in row_blocks(graph):
        some = graph[rows].tocoo()
        row = some.row + rows.start
        once = row < some.col
        row, column, weights = row[once], some.col[once], some.data[once]
        unseen = held_out[row] | held_out[column]
        for of, chosen in zip(parts, (~unseen, unseen), strict=True):
            n_of_row = np.bincount(row[chosen] - rows.start, minlength=rows.stop - rows.start)
            of.append((column[chosen], weights[chosen], n_of_row))
    fitted, others = (
        WeightedEdges(*(np.concatenate(array) for array in zip(*of, strict=True))) for of in parts
    )
    if not len(fitted):
        raise ParameterError(
            f"each of {len(others)} edges touches a held-out point: lower held_out, or fit more "
            "points (`limit`)"
        )
    return fitted, others
