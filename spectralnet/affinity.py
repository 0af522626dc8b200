"""The affinity graph: Gaussian weights on nearest neighbours."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from spectralnet.neighbours import Neighbours


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


def affinity_graph(
    neighbours: Neighbours,
    scale: Literal["local", "global"],
    scale_neighbour: int,
) -> csr_array:
    """Weight each point's neighbours by a Gaussian and symmetrise by the mean.

    W_ij = exp(-d_ij^2 / (2 sigma_i^2)) for j among the k nearest neighbours of i, then
    (W + W^T) / 2. The diagonal is empty.

    Parameters
    ----------
    neighbours : Neighbours
    scale : {"local", "global"}
    scale_neighbour : int
        See `neighbour_scales`.

    Returns
    -------
    csr_array of shape (n, n)
        float64, symmetric, at most 2nk entries.

    References
    ----------
    Shaham et al., SpectralNet, ICLR 2018, section 3.2 (global scale); Zelnik-Manor and
    Perona, Self-tuning spectral clustering, NIPS 2004 (local scale).
    """
    n, k = neighbours.distances.shape
    widths = neighbour_scales(neighbours.distances, scale, scale_neighbour)
    weights = np.exp(-0.5 * (neighbours.distances / widths[:, None]) ** 2)  # (n, k)
    # Far neighbours of a point in a dense spot underflow; an edge of weight 0 would be none.
    weights = np.maximum(weights, np.finfo(np.float32).tiny)
    indptr = np.arange(0, n * k + 1, k)
    directed = csr_array((weights.ravel(), neighbours.indices.ravel(), indptr), shape=(n, n))
    graph = csr_array((directed + directed.T) / 2)
    graph.sort_indices()
    return graph


def degrees(graph: csr_array) -> NDArray[np.float64]:
    """Return d_i = sum_j W_ij, shape (n,)."""
    return np.asarray(graph.sum(axis=1), dtype=np.float64).ravel()


def describe_graph(graph: csr_array, neighbours: Neighbours) -> dict[str, Any]:
    """Count what the spectral embedding of a graph may suffer from.

    Parameters
    ----------
    graph : csr_array of shape (n, n)
    neighbours : Neighbours
        Those that the graph was made of.

    Returns
    -------
    dict
        Number of edges, of connected components and the size of the smallest, points
        with a duplicate, largest number of neighbours (hubs), search and recall.
    """
    n_components, component = connected_components(graph, directed=False)
    return {
        "edges": graph.nnz // 2,
        "components": int(n_components),
        "smallest_component": int(np.bincount(component).min()),
        "duplicates": int(np.count_nonzero(neighbours.distances[:, 0] == 0)),
        "largest_degree": int(np.diff(graph.indptr).max()),
        "search": neighbours.search,
        "recall": neighbours.recall,
    }
