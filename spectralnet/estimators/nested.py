"""Estimators whose clusters are read off a graph: how many may be chosen, and all are nested."""

import inspect
import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from spectralnet.checks import check_count, check_distinct
from spectralnet.clusters.noise import NOISE
from spectralnet.errors import DataError, ParameterError
from spectralnet.estimators.base import DeepClusterer, MatrixLike
from spectralnet.matrices import Matrix
from spectralnet.membership.n_clusters import candidates
from spectralnet.methods.model import ClusterModel
from spectralnet.methods.predictor import Model


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
        tree = self.model_.hierarchy
        if tree is None:
            raise DataError("a former version fitted this model, which tells no more: fit it again")
        joined = tree.cut(n_clusters)
        if X is None:
            return np.where(self.labels_ == NOISE, NOISE, joined[tree.labels])
        assigned = self._assign(X)
        places = self.model_.places(assigned.embedding)
        return tree.clusters_of(joined, places, assigned.clusters)

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

    def _keep(
        self, model: Model, clusters: NDArray[np.int64], embedding: NDArray[np.float32]
    ) -> None:
        super()._keep(model, clusters, embedding)
        if self.model_.hierarchy is not None:  # former versions had none
            self.linkage_ = self.model_.hierarchy.linkage

    def _check_n_clusters(self, x: Matrix) -> None:
        self._candidates = candidates(self.n_clusters, x)
        check_distinct(x, self._most_clusters)

    @property
    def _most_clusters(self) -> int:
        return self._candidates[1] if isinstance(self._candidates, tuple) else self._candidates
