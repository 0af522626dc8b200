"""Clusters of every number, nested: small groups, joined by how strongly the graph ties them."""

from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from spectralnet.artifacts import load_array, save_array
from spectralnet.checks import count_distinct
from spectralnet.clusters.kmeans import FITTED, fit_kmeans, nearest_centroid
from spectralnet.clusters.noise import NOISE
from spectralnet.errors import DataError, ParameterError
from spectralnet.matrices import seeded_sample, weights_between

GROUPS = 32  # at least, where there are enough points
POINTS_A_GROUP = 5
TINY = np.finfo(float).tiny


class Hierarchy(NamedTuple):
    """Nested clusters of every number from 1 to m, that of the groups."""

    linkage: NDArray[np.float64]  # (m - 1, 4), as SciPy has it
    groups: NDArray[np.float32]  # (m, c), centroids of directions
    parents: NDArray[np.int64]  # (m,), the cluster that each is a part of
    labels: NDArray[np.int64]  # (n,), the group of each fitted point

    def cut(self, n_clusters: int) -> NDArray[np.int64]:
        """Return the cluster of each group, where there are so many: (m,), from 0.

        The joins are made in the order of their rows, which heights do not tell where they are
        equal, as in models of former versions. A `ParameterError` if there are never so many.
        """
        m = len(self.parents)
        if not 1 <= n_clusters <= m:
            raise ParameterError(
                f"n_clusters = {n_clusters}: the hierarchy of this model gives 1 to {m} clusters"
            )
        joined = self.linkage[: m - n_clusters, :2].astype(np.int64)
        names = m + np.arange(len(joined))
        edges = csr_array(
            (np.ones(joined.size), (joined.ravel(), names.repeat(2))), shape=(2 * m, 2 * m)
        )
        return connected_components(edges, directed=False)[1][:m].astype(np.int64)

    def groups_of(
        self, places: NDArray[np.floating], clusters: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the group of points at places, shape (n, c), the nearest one of their cluster's.

        -1 for noise, as in clusters, shape (n,).
        """
        found = np.full(len(clusters), NOISE)
        for cluster in np.unique(clusters[clusters >= 0]):
            rows, own = clusters == cluster, np.flatnonzero(self.parents == cluster)
            if not own.size:  # no fitted point was in this cluster
                own = np.arange(len(self.parents))
            found[rows] = own[nearest_centroid(places[rows], self.groups[own])]
        return found

    def clusters_of(
        self,
        joined: NDArray[np.int64],
        places: NDArray[np.floating],
        clusters: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Return which of the joined clusters, as `cut` gives them, points are in: see `groups_of`.

        -1 for noise.
        """
        groups = self.groups_of(places, clusters)
        return np.where(groups == NOISE, NOISE, joined[groups])

    def save(self, folder: Path) -> list[str]:
        """Write each array as ``hierarchy_<name>.npy`` into `folder`; return the files' names."""
        labels = self.labels.astype(np.min_scalar_type(-len(self.parents)))  # one a fitted point
        told = self._replace(labels=labels)._asdict()
        arrays = {f"hierarchy_{name}.npy": array for name, array in told.items()}
        for name, array in arrays.items():
            save_array(folder / name, array)
        return list(arrays)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read what `save` wrote, None where it did not; a `DataError` if it is no hierarchy."""
        files = [folder / f"hierarchy_{name}.npy" for name in cls._fields]
        if not files[0].exists():
            return None
        self = cls(*(np.array(load_array(file)) for file in files))
        m = len(self.groups)
        joined = self.linkage[:, :2]
        fits = self.linkage.shape == (m - 1, 4) and self.parents.shape == (m,)
        before = m + np.arange(len(joined))[:, None]
        if not fits or not ((joined >= 0) & (joined < before)).all():
            raise DataError("its hierarchy does not join its groups")
        if not np.isin(self.labels, np.arange(m)).all() or not np.isfinite(self.groups).all():
            raise DataError("its hierarchy is not of its points")
        return self


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
        if wanted > 1:
            wanted = count_distinct(some, wanted)
        if wanted == 1:
            labels[rows] = len(parents)
            centroids.append(some.mean(axis=0, dtype=np.float64, keepdims=True).astype(np.float32))
        else:
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
    is. The groups of one cluster are joined before any two clusters are, so that the clusters are
    among those that a cut gives. Each height is above the former, if by rounding alone: who sorts
    joins by height, as SciPy does, finds this order.

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
    m, height = len(parents), 0.0
    size, names = np.ones(m), np.arange(m)
    ties, joins = _Ties(weights_between(graph, labels, m)), list[tuple[float, ...]]()
    for allowed in (parents[:, None] == parents, np.ones((m, m), dtype=bool)):
        ties.compare(allowed)
        while (found := ties.strongest()) is not None:
            a, b, tie = found
            height = max(float(np.nextafter(height, np.inf)), 1 / (1 + tie))
            size[a] += size[b]
            joins.append((*sorted((names[a], names[b])), height, size[a]))
            names[a] = m - 1 + len(joins)
            ties.join(a, b)
    return np.array(joins).reshape(m - 1, 4)


class _Ties:
    """How strongly groups are tied, kept while they are joined: in steps of some m numbers.

    Parameters
    ----------
    between : ndarray of shape (m, m)
        Weights between groups.
    """

    def __init__(self, between: NDArray[np.float64]) -> None:
        self._between, self._total = between, between.sum()
        self._volume = between.sum(axis=1)
        self._left = np.ones(len(between), dtype=bool)  # which are part of no group before them

    def compare(self, allowed: NDArray[np.bool_]) -> None:
        """Look from now on at pairs that are allowed, shape (m, m)."""
        allowed = allowed & self._left & self._left[:, None]
        np.fill_diagonal(allowed, False)
        self._ties = np.where(allowed, self._against_chance(slice(None), slice(None)), -1)
        self._nearest, self._strongest = self._ties.argmax(axis=1), self._ties.max(axis=1)

    def strongest(self) -> tuple[int, int, float] | None:
        """Return the first of the most strongly tied pairs, a < b, and its tie, if there is one."""
        row = int(self._strongest.argmax())
        if self._strongest[row] < 0:
            return None
        a, b = sorted((row, int(self._nearest[row])))
        return a, b, float(self._ties[a, b])

    def join(self, a: int, b: int) -> None:
        """Make b a part of a."""
        ties, nearest, strongest = self._ties, self._nearest, self._strongest
        self._between[a] += self._between[b]
        self._between[:, a] += self._between[:, b]
        self._volume[a] += self._volume[b]
        self._left[b], ties[b], ties[:, b], strongest[b] = False, -1, -1, -1
        ties[a] = np.where(ties[a] < 0, -1, self._against_chance(a, slice(None)))
        ties[:, a] = np.where(ties[:, a] < 0, -1, self._against_chance(slice(None), a))
        # Whose strongest tie was to a or b, and is weaker now, looks at all of its own again.
        ahead = (ties[:, a] > strongest) | ((ties[:, a] == strongest) & (a <= nearest))
        again = self._left & ~ahead & ((nearest == a) | (nearest == b))
        again[a] = True
        nearest[ahead], strongest[ahead] = a, ties[ahead, a]
        nearest[again], strongest[again] = ties[again].argmax(axis=1), ties[again].max(axis=1)

    def _against_chance(self, rows: int | slice, columns: int | slice) -> NDArray[np.float64]:
        chance = np.multiply.outer(self._volume[rows], self._volume[columns])
        return self._between[rows, columns] * self._total / np.maximum(chance, TINY)
