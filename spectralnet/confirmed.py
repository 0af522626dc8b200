"""Edges of a graph that a second space confirms."""

import numpy as np
from scipy.sparse import csr_array, diags_array

from spectralnet.affinity import affinity_graph, degrees
from spectralnet.matrices import Matrix
from spectralnet.neighbours import nearest_neighbours
from spectralnet.parameters import GraphParams


def confirmed_edges(graph: csr_array, x: Matrix, params: GraphParams, seed: int) -> csr_array:
    """Keep the edges of a graph between points that are neighbours in another space too.

    Two spaces seldom make the same mistake: of MNIST's edges among codes 2.2 % join different
    digits, of those that the pixels confirm 1.3 %.

    Parameters
    ----------
    graph : csr_array of shape (n, n)
        Symmetric.
    x : ndarray or csr_array of shape (n, d)
        The points in the other space.
    params : GraphParams
        How neighbours are searched in it.
    seed : int

    Returns
    -------
    csr_array of shape (n, n)
        Symmetric. A point without a confirmed edge keeps all that it has.
    """
    neighbours = nearest_neighbours(x, params.n_neighbours, params.search, seed)
    confirmed = csr_array(graph.multiply(affinity_graph(neighbours, params) > 0))
    alone = diags_array((degrees(confirmed) == 0).astype(np.float64))
    edges = csr_array(confirmed.maximum(alone @ graph).maximum(graph @ alone))
    edges.sort_indices()
    return edges


def mean_graph(learned: csr_array, confirmed: csr_array | None) -> csr_array:
    """Take the mean of the graph in a learned metric and the one that it was learned from.

    A net that maps one group of points to a wrong place takes all its edges along: the edges
    that two spaces agree on still hold it where it was. Without them, the learned graph.
    """
    return learned if confirmed is None else csr_array((learned + confirmed) / 2)
