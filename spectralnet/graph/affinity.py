"""The affinity graph: Gaussian weights on nearest neighbours, less where few are shared."""

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.sparse import csr_array

from spectralnet.errors import DataError
from spectralnet.graph.neighbours import Neighbours
from spectralnet.graph.overlap import overlap_of
from spectralnet.graph.symmetry import component_sizes, symmetrised
from spectralnet.matrices import blocks
from spectralnet.parameters import Block, Count, NotNegative, Number

POINTS_AT_ONCE = 2**17
PRECISE_EDGES = 2**24  # beyond, weights are float32: a graph of 10^7 points would not fit
KNOWN_NEIGHBOURS = 20  # of one class


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
            inside *= overlap_of(neighbours.indices, points) ** params.overlap
        # Far neighbours of a point in a dense spot underflow; an edge of weight 0 would be none.
        weights[points] = np.maximum(inside, np.finfo(np.float32).tiny)
    indptr = np.arange(0, n * k + 1, k, dtype=np.int32 if n * k < 2**31 else np.int64)
    return csr_array((weights.ravel(), neighbours.indices.ravel(), indptr), shape=(n, n))


def with_known_labels(graph: csr_array, labels: NDArray[np.int64], seed: int) -> csr_array:
    """Let known labels overrule a graph: connect points of one class, and cut others apart.

    Each point with a known label is connected to the others of its class, or to some of them
    where they are more than `KNOWN_NEIGHBOURS`, with weights that together are the mean degree
    of the graph. (The reference code connects all, each edge with weight 1, on a graph whose own
    weights are at most 1.)

    Parameters
    ----------
    graph : csr_array of shape (n, n)
    labels : ndarray of shape (n,)
        -1 where unknown.
    seed : int

    Returns
    -------
    csr_array of shape (n, n)

    Raises
    ------
    DataError
        If a point is left without edges.

    References
    ----------
    Shaham et al., SpectralNet, ICLR 2018, section 5.1 (semi-supervised).
    """
    known = labels >= 0
    edges = graph.tocoo()
    keep = ~(known[edges.row] & known[edges.col])
    parts = [(edges.row[keep], edges.col[keep], edges.data[keep])]
    mean_degree, random = graph.sum() / graph.shape[0], np.random.default_rng(seed)
    for label in np.unique(labels[known]):
        members = np.flatnonzero(labels == label)
        others = _others_of_a_class(members, random)  # (m, l)
        row, weight = np.repeat(members, others.shape[1]), mean_degree / max(others.shape[1], 1)
        parts.append((row, others.ravel(), np.full(others.size, weight)))
    row, column, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
    told = csr_array((weights, (row, column)), shape=graph.shape)
    alone = np.flatnonzero(degrees(told) == 0)
    if alone.size:
        raise DataError(
            f"{alone.size} points with a known label, the first in row {alone[0]}, have only "
            "neighbours of other known classes: raise graph.n_neighbours, or lower labelled"
        )
    return told


def with_confirmed(graph: csr_array, confirmed: csr_array | None) -> csr_array:
    """Return the mean of a graph and of the confirmed edges, if there are any."""
    return graph if confirmed is None else csr_array((graph + confirmed) / 2)


def _others_of_a_class(members: NDArray[np.intp], random: np.random.Generator) -> NDArray[np.intp]:
    """Return whom each of m members is connected to, both ways: (m, m - 1) at most.

    Of many, those that so many steps around a circle of all members lead to: one step, which
    makes the class one component, and others, drawn at random, which leave it no bottleneck.
    """
    m = len(members)
    steps = np.arange(1, m)
    if m - 1 > KNOWN_NEIGHBOURS:
        longer = random.choice(np.arange(2, (m + 1) // 2), KNOWN_NEIGHBOURS // 2 - 1, replace=False)
        there = np.concatenate([[1], longer])
        steps = np.concatenate([there, m - there])
    return members[(np.arange(m)[:, None] + steps) % m]


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
