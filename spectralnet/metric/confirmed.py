"""Edges of a graph that a second space confirms."""

import numpy as np
from scipy.sparse import coo_array, csr_array, diags_array

from spectralnet.graph.affinity import GraphParams, degrees
from spectralnet.graph.duplicates import nearest_distinct
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
        The points in the other space. Equal ones are neighbours, and have their neighbours.
    params : GraphParams
        How neighbours are searched in it. One that an approximate search misses leaves an edge
        unconfirmed, no more.
    seed : int

    Returns
    -------
    csr_array of shape (n, n)
        Symmetric. A point without a confirmed edge keeps all that it has.
    """
    found, distinct = nearest_distinct(x, params.n_neighbours, params.search, seed, params.recall)
    m, k = found.indices.shape
    near = np.repeat(np.arange(m), k) * m + found.indices.ravel()  # pairs, as one number each
    edges = graph.tocoo()
    row, column = distinct.of[edges.row], distinct.of[edges.col]
    kept = (row == column) | np.isin(row * m + column, near) | np.isin(column * m + row, near)
    kept_edges = edges.data[kept], (edges.row[kept], edges.col[kept])
    confirmed = csr_array(coo_array(kept_edges, shape=graph.shape))
    alone = diags_array((degrees(confirmed) == 0).astype(np.float64))
    whole = csr_array(confirmed.maximum(alone @ graph).maximum(graph @ alone))
    whole.sort_indices()
    return whole
