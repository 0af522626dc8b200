"""Clusters of every number, nested: small groups, joined by how strongly the graph ties them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import cut_tree
from scipy.sparse import csr_array

from spectralnet.checks import count_distinct
from spectralnet.clusters.kmeans import FITTED, fit_kmeans, nearest_centroid
from spectralnet.matrices import seeded_sample, weights_between

GROUPS = 32  # at least, where there are enough points
POINTS_A_GROUP = 5


class Hierarchy(NamedTuple):
    """Nested clusters of every number from 1 to m, that of the groups."""

    linkage: NDArray[np.float64]  # (m - 1, 4), as SciPy has it
    groups: NDArray[np.float32]  # (m, c), centroids of directions
    parents: NDArray[np.int64]  # (m,), the cluster that each is a part of
    labels: NDArray[np.int64]  # (n,), the group of each fitted point

    def cut(self, n_clusters: int) -> NDArray[np.int64]:
        """Return the cluster of each group, where there are so many: (m,), from 0."""
        if len(self.parents) == 1:
            return np.zeros(1, dtype=np.int64)
        return cut_tree(self.linkage, n_clusters)[:, 0].astype(np.int64)


def fit_hierarchy(
    graph: csr_array, places: NDArray[np.floating], clusters: NDArray[np.int64], seed: int
) -> Hierarchy:
    """Split the clusters of points at places, shape (n, c), in groups, and join these again."""
    n_groups = max(2 * int(clusters.max() + 1), min(GROUPS, len(places) // POINTS_A_GROUP))
    labels, groups, parents = split_clusters(places, clusters, n_groups, seed)
    return Hierarchy(join_groups(graph, labels, parents), groups, parents, labels)


def split_clusters(
    places: NDArray[np.floating], clusters: NDArray[np.int64], n_groups: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
    """Split each cluster into groups, by k-means, as many as its part of the points asks for.

    Parameters
    ----------
    places : ndarray of shape (n, c)
    clusters : ndarray of shape (n,)
        From 0.
    n_groups : int
        Of all clusters together, about; each has one at least.
    seed : int

    Returns
    -------
    labels : ndarray of shape (n,)
        The group of each point.
    centroids : ndarray of shape (number of groups, c)
    parents : ndarray of shape (number of groups,)
        The cluster of each group.
    """
    labels = np.empty(len(places), dtype=np.int64)
    centroids: list[NDArray[np.float32]] = []
    parents: list[int] = []
    for cluster in np.unique(clusters):
        rows = np.flatnonzero(clusters == cluster)
        wanted = max(1, round(n_groups * len(rows) / len(places)))
        some = places[rows[seeded_sample(len(rows), FITTED, seed)]]
        wanted = min(wanted, count_distinct(some, wanted))
        fitted = fit_kmeans(some, wanted, seed, restarts=1)
        found = fitted.labels_
        if len(some) < len(rows):
            found = nearest_centroid(places[rows], fitted.cluster_centers_)
        labels[rows] = len(parents) + found
        centroids.append(fitted.cluster_centers_.astype(np.float32))
        parents += [int(cluster)] * wanted
    return labels, np.concatenate(centroids), np.array(parents)


def join_groups(
    graph: csr_array, labels: NDArray[np.int64], parents: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Join groups of points, two at a time: those first that the graph ties most strongly.

    How strongly is the weight between two groups against what chance would put there, s =
    w(A, B) w(V, V) / (w(A, V) w(B, V)); the height is 1 / (1 + s): 1/2 at chance, 1 where no edge
    is. It never falls when groups are joined. The groups of one cluster are joined before any
    two clusters are, so that the clusters are among those that a cut gives.

    Parameters
    ----------
    graph : csr_array of shape (n, n)
    labels : ndarray of shape (n,)
        The group of each point, from 0 to m - 1.
    parents : ndarray of shape (m,)
        The cluster of each group.

    Returns
    -------
    ndarray of shape (m - 1, 4)
        As of `scipy.cluster.hierarchy.linkage`: two groups, height, number of groups.

    References
    ----------
    Bonald et al., Hierarchical graph clustering using node pair sampling, MLG 2018.
    """
    m = len(parents)
    between = weights_between(graph, labels, m)
    volume, size = between.sum(axis=1), np.ones(m)
    names, cluster, total = np.arange(m), parents.copy(), between.sum()
    rows, height = np.empty((m - 1, 4)), 0.0
    for step in range(m - 1):
        ties = between * total / np.maximum(np.outer(volume, volume), np.finfo(float).tiny)
        same = cluster[:, None] == cluster
        np.fill_diagonal(same, False)
        allowed = same if same.any() else ~np.eye(len(names), dtype=bool)
        ties[~allowed] = -1
        a, b = np.unravel_index(ties.argmax(), ties.shape)
        a, b = min(a, b), max(a, b)
        height = max(height, 1 / (1 + ties[a, b]))
        rows[step] = [*sorted((names[a], names[b])), height, size[a] + size[b]]
        between[a] += between[b]
        between[:, a] += between[:, b]
        volume[a], size[a], names[a] = volume[a] + volume[b], size[a] + size[b], m + step
        kept = np.arange(len(names)) != b
        between = between[np.ix_(kept, kept)]
        volume, size, names, cluster = (array[kept] for array in (volume, size, names, cluster))
    return rows
