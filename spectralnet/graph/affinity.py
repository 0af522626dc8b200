"""The affinity graph: Gaussian weights on nearest neighbours, less where few are shared."""

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.sparse import csr_array

from spectralnet.graph.neighbours import Neighbours
from spectralnet.graph.overlap import neighbour_overlap
from spectralnet.graph.symmetry import component_sizes, symmetrised
from spectralnet.matrices import blocks
from spectralnet.parameters import Block, Count, NotNegative, Number

POINTS_AT_ONCE = 2**17
PRECISE_EDGES = 2**24  # beyond, weights are float32: a graph of 10^7 points would not fit


class GraphParams(Block):
    """The nearest neighbour graph and its Gaussian weights."""

    n_neighbours: Count = 20
    search: Literal["auto", "exact", "approximate"] = "auto"
    recall: Annotated[Number, Field(gt=0, lt=1)] = 0.95
    scale: Literal["local", "global"] = "local"
    scale_neighbour: Count = 10
    overlap: NotNegative = 1.0

    @model_validator(mode="after")
    def _scale_neighbour_is_a_neighbour(self) -> "GraphParams":
        if self.scale_neighbour > self.n_neighbours:
            raise ValueError(
                f"scale_neighbour = {self.scale_neighbour} has to be at most "
                f"n_neighbours = {self.n_neighbours}"
            )
        return self

    def for_neighbours(self, k: int) -> "GraphParams":
        """Fit them to k neighbours, where there are no more."""
        if k == self.n_neighbours:
            return self
        scale_neighbour = max(1, self.scale_neighbour * k // self.n_neighbours)
        return self.model_copy(update={"n_neighbours": k, "scale_neighbour": scale_neighbour})


def neighbour_scales(
    distances: NDArray[np.float32],
    scale: Literal["local", "global"],
    scale_neighbour: int,
) -> NDArray[np.float64]:
    """Take each point's Gaussian width from the distance to one of its neighbours.

    Parameters
    ----------
    distances : ndarray of shape (n, k)
        To the nearest neighbours, ascending.
    scale : {"local", "global"}
        The point's own distance, or the median of all points'.
    scale_neighbour : int
        Which neighbour, from 1 (the nearest; the point itself is not counted) to k.

    Returns
    -------
    ndarray of shape (n,)
        Widths above zero: where duplicates make the distance 0, it is the smallest one
        above zero in its stead (1 if there is none).
    """
    to_neighbour = distances[:, scale_neighbour - 1].astype(np.float64)
    if scale == "global":
        to_neighbour = np.full(len(distances), np.median(to_neighbour))
    above_zero = distances[distances > 0]
    floor = float(above_zero.min()) if above_zero.size else 1.0
    return np.maximum(to_neighbour, floor)


def affinity_graph(neighbours: Neighbours, params: GraphParams) -> csr_array:
    """Weight each point's neighbours and symmetrise by the mean: (n, n)."""
    return symmetrised(directed_affinity(neighbours, params))


def directed_affinity(neighbours: Neighbours, params: GraphParams) -> csr_array:
    """Weight each point's neighbours.

    W_ij = exp(-d_ij^2 / (2 sigma_i^2)) J_ij^overlap for j among the k nearest neighbours of
    i, J_ij the Jaccard coefficient of their neighbourhoods. Points of different clusters share
    few neighbours even where they are near. The diagonal is empty.

    Parameters
    ----------
    neighbours : Neighbours
    params : GraphParams
        `scale` and `scale_neighbour` (see `neighbour_scales`), and `overlap`: 0 leaves the
        Gaussian of the paper.

    Returns
    -------
    csr_array of shape (n, n)
        k entries a row, float64; float32 beyond `PRECISE_EDGES`.

    References
    ----------
    Shaham et al., SpectralNet, ICLR 2018, section 3.2 (global scale); Zelnik-Manor and
    Perona, Self-tuning spectral clustering, NIPS 2004 (local scale); Levine et al.,
    PhenoGraph, Cell 2015 (Jaccard weights).
    """
    n, k = neighbours.distances.shape
    widths = neighbour_scales(neighbours.distances, params.scale, params.scale_neighbour)
    weights = np.empty((n, k), np.float64 if n * k <= PRECISE_EDGES else np.float32)
    for points in blocks(n, POINTS_AT_ONCE):
        inside = np.exp(-0.5 * (neighbours.distances[points] / widths[points, None]) ** 2)  # (m, k)
        if params.overlap:
            inside *= neighbour_overlap(neighbours.indices, points) ** params.overlap
        # Far neighbours of a point in a dense spot underflow; an edge of weight 0 would be none.
        weights[points] = np.maximum(inside, np.finfo(np.float32).tiny)
    indptr = np.arange(0, n * k + 1, k, dtype=np.int32 if n * k < 2**31 else np.int64)
    return csr_array((weights.ravel(), neighbours.indices.ravel(), indptr), shape=(n, n))


def with_confirmed(graph: csr_array, confirmed: csr_array | None) -> csr_array:
    """Return the mean of a graph and of the confirmed edges, if there are any."""
    return graph if confirmed is None else csr_array((graph + confirmed) / 2)


def degrees(graph: csr_array) -> NDArray[np.float64]:
    """Return d_i = sum_j W_ij, shape (n,)."""
    return np.asarray(graph.sum(axis=1), dtype=np.float64).ravel()


def describe_graph(graph: csr_array) -> dict[str, Any]:
    """Count what the spectral embedding of a graph may suffer from.

    Parameters
    ----------
    graph : csr_array of shape (n, n)

    Returns
    -------
    dict
        Number of edges, of connected components and the size of the smallest, and the
        largest number of neighbours (hubs).
    """
    sizes = component_sizes(graph)
    return {
        "edges": graph.nnz // 2,
        "components": len(sizes),
        "smallest_component": int(sizes.min()),
        "largest_degree": int(np.diff(graph.indptr).max()),
    }
