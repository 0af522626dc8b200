"""Estimators that may be told labels of some points, and pairs that belong together or apart."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Tags
from sklearn.utils.validation import check_consistent_length, column_or_1d

from spectralnet.config.limits import check_supervision
from spectralnet.config.settings import Settings
from spectralnet.errors import DataError, ParameterError
from spectralnet.estimators.base import MatrixLike
from spectralnet.estimators.nested import NestedClusterer
from spectralnet.graph.supervision import Supervision, as_pairs
from spectralnet.matrices import Matrix


class SemiSupervisedClusterer(NestedClusterer):
    """A clusterer that reads `y` only where `semi_supervised` says so, and pairs."""

    semi_supervised: bool
    _told: tuple[Any, ArrayLike | None, ArrayLike | None] = (None, None, None)

    def fit(
        self,
        X: MatrixLike,
        y: Any = None,
        *,
        must_link: ArrayLike | None = None,
        cannot_link: ArrayLike | None = None,
    ) -> Self:
        """Train the nets on the rows of X and cluster them; what fails leaves all as it was.

        Parameters
        ----------
        X : matrix of shape (n, d)
            NumPy array, pandas DataFrame, SciPy sparse matrix, torch Tensor or list of rows;
            finite. Images apart, centred unless sparse, and scaled by one factor; then float32.
        y : int array of shape (n,), default=None
            With `semi_supervised` known labels, -1 where there is none; else it is ignored, as
            all clusterers of scikit-learn ignore it.
        must_link, cannot_link : int array of shape (p, 2), default=None
            Pairs of rows of X that belong into one cluster, or into two.

        Returns
        -------
        self

        Raises
        ------
        DataError, ParameterError
            If the points, what is told of them, or the parameters cannot be used; both are
            `ValueError`.
        TrainingError
            If a training diverges; a `RuntimeError`.
        """
        if self.semi_supervised and y is None:
            raise ParameterError(
                "semi_supervised = True requires y to be passed, but the target y is None: give "
                "labels, -1 where unknown"
            )
        self._told = y if self.semi_supervised else None, must_link, cannot_link
        try:
            return super().fit(X, y)
        finally:
            del self._told  # arrays of the length of X, which the model does not need

    def fit_predict(self, X: MatrixLike, y: Any = None, **told: Any) -> NDArray[np.int64]:
        """Fit as `fit` does, and return the clusters of the rows of X: (n,)."""
        return self.fit(X, y, **told).labels_

    def _supervision(self, x: Matrix, settings: Settings, affinity: str) -> Supervision:
        """Check what `fit` was told of the rows of `x`, before any training."""
        y, *pairs = self._told
        must_link, cannot_link = (
            as_pairs(p, x.shape[0], name)
            for p, name in zip(pairs, ("must_link", "cannot_link"), strict=True)
        )
        supervision = Supervision(_known_labels(y, x), must_link, cannot_link)
        check_supervision(supervision, settings, affinity)
        return supervision

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self.semi_supervised
        return tags


def _known_labels(y: Any, x: Matrix) -> NDArray[np.int64]:
    """Count the labels of y, (n,), from 0 in their order; -1 stays."""
    if y is None:
        return np.full(x.shape[0], -1)
    labels = column_or_1d(y)
    check_consistent_length(x, labels)
    if labels.dtype.kind == "f" and (labels == np.rint(labels)).all():  # pandas' Int64
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "iu":
        raise DataError(
            f"y is of type {labels.dtype}: with semi_supervised = True, give labels as whole "
            "numbers, -1 where unknown"
        )
    known = labels != -1
    numbers = np.full(len(labels), -1)
    numbers[known] = np.unique(labels[known], return_inverse=True)[1]
    return numbers
