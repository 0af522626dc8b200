"""What the clusters of a fitted estimator are."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from spectralnet.clusters.kmeans import Assignment
from spectralnet.data.beside import as_texts
from spectralnet.errors import DataError
from spectralnet.matrices import Matrix
from spectralnet.methods.description import (
    N_SAMPLES,
    column_effects,
    describe_clusters,
    text_effects,
)
from spectralnet.methods.predictor import Model


class DescribeMixin:
    """`describe`, for an estimator that keeps its `model_`, `labels_` and `embedding_`."""

    model_: Model
    labels_: NDArray[np.int64]
    embedding_: NDArray[np.float32]
    _assign: Callable[[Any], Assignment]
    _matrix: Callable[[Any, bool], Matrix]

    def describe(
        self,
        X: Any = None,
        *,
        texts: Sequence[str] | None = None,
        n_samples: int = N_SAMPLES,
    ) -> pd.DataFrame:
        """Say what each cluster is: size, samples, what tells it from the rest, neighbours.

        Parameters
        ----------
        X : matrix of shape (n, d), default=None
            Points to describe the clusters by, as `predict` takes them: their columns are
            compared. By default the fitted points, whose columns are not kept.
        texts : sequence of n str, default=None
            What the rows are of, such as the texts behind embeddings: their terms are compared,
            and columns are not. None or NaN is an empty one.
        n_samples : int, default=12
            The most that are named of a kind.

        Returns
        -------
        DataFrame
            See `spectralnet.methods.description.describe_clusters`. `features` holds standardised
            mean differences of columns, or class-based TF-IDF of terms.

        Raises
        ------
        DataError
            If there are more or fewer texts than points.
        """
        check_is_fitted(self, "model_")
        clusters, embedding = self.labels_, self.embedding_
        if X is not None:
            assigned = self._assign(X)
            clusters, embedding = assigned.clusters, assigned.embedding
        effects = None
        if texts is not None:
            if len(texts) != len(clusters):
                raise DataError(f"{len(texts)} texts of {len(clusters)} points: give one each")
            effects = text_effects(as_texts(texts), clusters)
        elif X is not None and not get_tags(self).input_tags.pairwise:
            names = getattr(self, "feature_names_in_", None)
            effects = column_effects(self._matrix(X, False), clusters, names)
        places, centroids = self.model_.places(embedding), self.model_.centroids.cpu().numpy()
        return describe_clusters(clusters, places, centroids, effects, n_samples)
