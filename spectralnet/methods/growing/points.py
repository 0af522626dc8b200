"""A graph that grows by points that come later, and how these differ from the former ones."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse, vstack
from scipy.sparse.csgraph import connected_components

from spectralnet.graph.affinity import GraphParams, degrees
from spectralnet.graph.duplicates import Distinct, distinct_rows
from spectralnet.graph.neighbours import EXACT_SEARCH_BUDGET
from spectralnet.matrices import Matrix
from spectralnet.methods.affinities import connect, weigh
from spectralnet.methods.growing.neighbours import grown_neighbours, neighbours_in

SMOOTH = 0.01  # a Rayleigh quotient below is as good as 0; that of random places is 1
STEPS = 3  # along edges, over which a share is averaged
RARE = 0.25  # in parts of the share that is expected


class KeptPoints(NamedTuple):
    """Fitted points as a model keeps them, to let others come to them later."""

    space: Matrix  # (n, e), the spectral map's inputs
    graph: csr_array  # (n, n)
    n_neighbours: int  # that the graph was made with


def stacked(one: Matrix, other: Matrix) -> Matrix:
    """Put rows of a matrix below those of another, of whose kind the whole is."""
    if issparse(one):
        return csr_array(vstack([one, other]))
    return np.concatenate([one, other.toarray() if isinstance(other, csr_array) else other])


def grown_points(points: KeptPoints, space: Matrix, params: GraphParams, seed: int) -> KeptPoints:
    """Let a graph grow to what `connect` makes of all points, shape (N, e), the former ones first.

    Only new points are compared with others, where the former graph tells enough and that takes
    no more than `EXACT_SEARCH_BUDGET`; else all are searched as by a fit.
    """
    distinct = distinct_rows(space)
    first = distinct.first
    rows = space if len(first) == space.shape[0] else space[first]
    n_known = int(np.count_nonzero(first < points.space.shape[0]))
    known, k = None, min(params.n_neighbours, len(first) - 1)
    work = (len(first) - n_known) * float(len(first)) * space.shape[1]
    if work <= EXACT_SEARCH_BUDGET and 0 < k == min(points.n_neighbours, n_known - 1):
        known = neighbours_in(_of_distinct(points.graph, distinct, n_known), rows[:n_known], k)
    if known is None:
        graph, _ = connect(space, params, seed)
    else:
        graph, _ = weigh(grown_neighbours(known, rows), distinct, params, seed)
    return KeptPoints(space, graph, params.n_neighbours)


def _of_distinct(graph: csr_array, distinct: Distinct, n_known: int) -> csr_array:
    """Join the copies of rows in a graph, and the edges between them: (n_known, n_known)."""
    if n_known == graph.shape[0]:
        return graph
    edges = graph.tocoo()
    row, column = distinct.of[edges.row], distinct.of[edges.col]
    apart = row != column
    ends = row[apart], column[apart]
    return csr_array((edges.data[apart], ends), shape=(n_known, n_known))


def rayleigh_ratio(places: NDArray[np.floating], graph: csr_array, former: int) -> float:
    """Say how much worse a map fits the edges of new points than those among the former.

    The Rayleigh quotient of its outputs y, sum w_ij |y_i - y_j|^2 / sum w_ij (|y_i|^2 + |y_j|^2),
    over the edges with a new end, in parts of the same over the others, or of `SMOOTH` where
    that is less. About 1 where new points are as the former ones were.

    Parameters
    ----------
    places : ndarray of shape (n, c)
    graph : csr_array of shape (n, n)
    former : int
        How many of the points, the first, the map was trained on.
    """
    y = places.astype(np.float64)
    energy, mass = _energy_and_mass(y, graph)
    own_energy, own_mass = _energy_and_mass(y[:former], csr_array(graph[:former, :former]))
    of_former = own_energy / own_mass if own_mass > 0 else 0.0
    return (energy - own_energy) / (mass - own_mass) / max(of_former, SMOOTH)


def _energy_and_mass(y: NDArray[np.float64], graph: csr_array) -> tuple[float, float]:
    """Return tr(Y^T L Y) and tr(Y^T D Y)."""
    mass = float(degrees(graph) @ np.square(y).sum(axis=1))
    return mass - float(np.sum(y * (graph @ y))), mass


def novel_points(graph: csr_array, former: int, n_neighbours: int) -> NDArray[np.bool_]:
    """Say which new points are where no former ones are: those of clusters never seen.

    If new points are drawn as the former ones were, n of all N, a part n / N of what is near a
    new point is former. Its share of edges that lead to former points, averaged over the new
    points that `STEPS` along edges lead to, is below `RARE` times that where a cluster is new.
    Such points count where they are connected, and so many that a neighbourhood of former points
    would be among them: fewer may lie apart by chance.

    Parameters
    ----------
    graph : csr_array of shape (N, N)
    former : int
        n, the first points.
    n_neighbours : int

    Returns
    -------
    ndarray of shape (N - n,)

    References
    ----------
    Schilling, Multivariate two-sample tests based on nearest neighbors, JASA 1986.
    """
    total = degrees(graph)[former:]
    among = csr_array(graph[former:, former:])
    inside = degrees(among)
    share = 1 - inside / total
    for _ in range(STEPS):
        mean = (among @ share) / np.maximum(inside, np.finfo(float).tiny)
        share = np.where(inside > 0, mean, share)
    rare = share < RARE * former / graph.shape[0]
    _, piece = connected_components(among[rare][:, rare], directed=False)
    novel = rare.copy()
    new = graph.shape[0] - former
    novel[rare] = np.bincount(piece)[piece] > n_neighbours * max(1, new / former)
    return novel
