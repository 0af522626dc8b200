"""Estimators whose clusters are read off a graph: how many may be chosen, and all are nested."""

import inspect
import warnings
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from spectralnet.artifacts import load_array, save_array
from spectralnet.checks import check_count, check_distinct
from spectralnet.clusters.kmeans import nearest_centroid, weighted_directions
from spectralnet.errors import DataError, ParameterError
from spectralnet.estimators.base import DeepClusterer, MatrixLike
from spectralnet.matrices import Matrix
from spectralnet.membership.hierarchy import Hierarchy
from spectralnet.membership.n_clusters import candidates
from spectralnet.methods.model import ClusterModel


class NestedClusterer(DeepClusterer):
    """A deep clusterer that chooses the number of clusters, and cuts them anew.

    Attributes
    ----------
    linkage_ : ndarray of shape (m - 1, 4)
        Of m groups, of which the clusters are made: for `scipy.cluster.hierarchy.dendrogram`.
    """

    n_neighbors: int
    model_: ClusterModel
    _candidates: int | tuple[int, int]
    _hierarchy: Hierarchy

    def cut(self, n_clusters: int, X: MatrixLike | None = None) -> NDArray[np.int64]:
        """Return so many clusters, nested in those of any lower number, without another fit.

        Parameters
        ----------
        n_clusters : int
            From 1 to the number of groups; `n_clusters_` gives the fitted clusters.
        X : matrix of shape (n, d), optional
            By default the fitted points.

        Returns
        -------
        ndarray of shape (n,)
            From 0; -1 for noise.
        """
        check_is_fitted(self, "model_")
        check_count("n_clusters", n_clusters)
        if not hasattr(self, "_hierarchy"):
            raise DataError("a former version fitted this model, which tells no more: fit it again")
        tree = self._hierarchy
        if n_clusters > len(tree.parents):
            raise ParameterError(f"n_clusters = {n_clusters}: at most {len(tree.parents)} groups")
        if X is None:
            return np.where(self.labels_ < 0, -1, tree.cut(n_clusters)[tree.labels])
        assigned = self._assign(X)
        weights = self.model_.weights.cpu().numpy()
        directions = weighted_directions(assigned.embedding, weights)
        nearest = nearest_centroid(directions, self.cluster_centers_)
        groups = np.empty(len(nearest), dtype=np.int64)
        for cluster in np.unique(nearest):  # a point's group is one of its cluster's
            own, rows = np.flatnonzero(tree.parents == cluster), nearest == cluster
            groups[rows] = own[nearest_centroid(directions[rows], tree.groups[own])]
        return np.where(assigned.clusters < 0, -1, tree.cut(n_clusters)[groups])

    def _write(self, folder: Path) -> None:
        super()._write(folder)
        if hasattr(self, "_hierarchy"):
            for name, array in self._hierarchy._asdict().items():
                save_array(folder / f"hierarchy_{name}.npy", array)

    def _n_neighbors(self) -> int:
        """Return the number of neighbours, also where its former name gives it; not by both."""
        former = getattr(self, "n_neighbours", None)
        if former is None:
            return self.n_neighbors
        default = inspect.signature(type(self)).parameters["n_neighbors"].default
        if self.n_neighbors not in (default, former):
            raise ParameterError(
                f"n_neighbors = {self.n_neighbors}, but n_neighbours, its former name, is "
                f"{former}: set that to None"
            )
        message = "n_neighbours is called n_neighbors now, as in scikit-learn"
        warnings.warn(message, FutureWarning, stacklevel=5)
        return former

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote; a `DataError` if that was no estimator of this class."""
        self = super().load(folder)
        files = [Path(folder) / f"hierarchy_{name}.npy" for name in Hierarchy._fields]
        if files[0].exists():  # former versions wrote none
            self._keep_hierarchy(Hierarchy(*(np.array(load_array(file)) for file in files)))
        return self

    def _keep_hierarchy(self, hierarchy: Hierarchy) -> None:
        self._hierarchy, self.linkage_ = hierarchy, hierarchy.linkage

    def _check_n_clusters(self, x: Matrix) -> None:
        self._candidates = candidates(self.n_clusters, x)
        check_distinct(x, self._most_clusters)

    @property
    def _most_clusters(self) -> int:
        return self._candidates[1] if isinstance(self._candidates, tuple) else self._candidates
