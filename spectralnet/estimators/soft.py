"""What estimators say beside clusters: how sure these are, and what belongs to none."""

from abc import abstractmethod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from spectralnet.clusters.kmeans import Assignment
from spectralnet.membership.part import Noise
from spectralnet.methods.predictor import Model

MatrixLike = Any  # ndarray, DataFrame, sparse matrix, Tensor, or a list of rows


class SoftClusterMixin:
    """Probabilities, outlier scores and noise of a clusterer.

    Attributes
    ----------
    outlier_scores_ : ndarray of shape (n,)
        Of the fitted points: see `outlier_score`.
    """

    noise: Noise
    outlier_scores_: NDArray[np.float32]

    @abstractmethod
    def _assign(self, X: MatrixLike, whole: bool = False) -> Assignment:
        """Put rows of X, shape (n, d), where the model does; `whole` says how sure that is."""

    def predict_proba(self, X: MatrixLike) -> NDArray[np.float32]:
        """Say how likely each row of X, shape (n, d), keeps each cluster: (n, n_clusters).

        Rows sum to 1, and the largest is of the nearest centroid's cluster. Of points whose
        largest is p, about a share p keep their cluster when the fit is repeated on another half
        of the points; it is calibrated on such repetitions, without labels. Far from all that
        was fitted no cluster is likelier than another.
        """
        return cast(NDArray[np.float32], self._assign(X, whole=True).probabilities)

    def outlier_score(self, X: MatrixLike) -> NDArray[np.float32]:
        """Say how far each row of X, shape (n, d), lies from where fitted points are: (n,).

        The log of the mean distance to the nearest fitted points, against what is usual among
        these, in robust standard deviations: 0 is usual, above 5 is far. NaN where affinities
        are given in place of points, or where fitted points are all equal; 10000 of a row of zeros
        with ``metric="cosine"``, which has no direction, and so the cluster -1 and equal
        probabilities.
        """
        return cast(NDArray[np.float32], self._assign(X, whole=True).outlier_scores)

    def _mark_noise(self, model: Model, assigned: Assignment) -> Assignment:
        """Decide what is noise, once the model is fitted, and keep the fitted points' scores."""
        self.__dict__.pop("outlier_scores_", None)  # those of a former fit
        if model.membership is None or assigned.outlier_scores is None:
            return assigned
        self.outlier_scores_ = assigned.outlier_scores
        return model.membership.mark_noise(assigned, self.noise)
