"""Edges of a graph that a second space confirms."""

import numpy as np
from scipy.sparse import csr_array, diags_array

from spectralnet.graph.affinity import GraphParams, degrees
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.matrices import Matrix


def confirmed_edges(graph: csr_array, x: Matrix, params: GraphParams, seed: int) -> csr_array:
    """Keep the edges of a graph between points that are neighbours in another space too.

    What makes two points of different clusters neighbours in one space need not do so in
    another. A net that learns a metric of the edges that are left makes a graph whose errors
    are its own: the mean of both graphs has the fewest. It also holds in place a group of
    points that the net has moved as a whole.

    Parameters
    ----------
    graph : csr_array of shape (n, n)
        Symmetric.
    x : ndarray or csr_array of shape (n, d)
        The points in the other space.
    params : GraphParams
        How neighbours are searched in it: approximately, unless `search` is "exact". One that
        is missed leaves an edge unconfirmed, no more.
    seed : int

    Returns
    -------
    csr_array of shape (n, n)
        Symmetric. A point without a confirmed edge keeps all that it has.
    """
    n, k = graph.shape[0], params.n_neighbours
    found = nearest_neighbours(x, k, "exact" if params.search == "exact" else "approximate", seed)
    near = csr_array((np.ones(n * k), found.indices.ravel(), np.arange(n + 1) * k), shape=(n, n))
    confirmed = csr_array(graph.multiply((near + near.T) > 0))
    alone = diags_array((degrees(confirmed) == 0).astype(np.float64))
    edges = csr_array(confirmed.maximum(alone @ graph).maximum(graph @ alone))
    edges.sort_indices()
    return edges
