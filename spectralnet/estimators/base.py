"""What the estimators have in common: checks of the input, prediction, files."""

from abc import abstractmethod
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from spectralnet.artifacts import load_array, load_json, save_array, save_json
from spectralnet.checks import check_count, check_distinct
from spectralnet.clusters.kmeans import Assignment
from spectralnet.data.preparation import Columns, build_preparation
from spectralnet.errors import DataError, ParameterError
from spectralnet.estimators.callbacks import fit_task
from spectralnet.estimators.description import DescribeMixin
from spectralnet.estimators.documentation import DocumentedMixin
from spectralnet.estimators.scale import fit_scale
from spectralnet.estimators.soft import MatrixLike, SoftClusterMixin
from spectralnet.estimators.whole import whole_fit
from spectralnet.folders import check_manifest, whole_folder
from spectralnet.matrices import Matrix, as_rows
from spectralnet.membership.part import check_noise
from spectralnet.methods.predictor import Model, assign_prepared, check_together
from spectralnet.nets.devices import pick_device, usual_torch
from spectralnet.nets.saved import reading_model
from spectralnet.progress import quiet

Changes = dict[str, Any] | None  # of settings, by name; None leaves the defaults


class DeepClusterer(
    DescribeMixin,
    SoftClusterMixin,
    DocumentedMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ClusterMixin,
    CallbackSupportMixin,
    BaseEstimator,
):
    """A deep clustering method as a scikit-learn estimator.

    A subclass stores its parameters in ``__init__``, among them `n_clusters`, `noise`,
    `random_state`, `device` and `verbose`, names its `_model` and defines `_fit`.

    Attributes
    ----------
    model_ : Model
        The trained nets and centroids.
    preparation_ : Columns
        What rows go through before.
    labels_ : ndarray of shape (n,)
        Clusters of the fitted points, int64; -1 for noise.
    embedding_ : ndarray of shape (n, c)
        Embedding of the fitted points, float32.
    cluster_centers_ : ndarray of shape (n_clusters, c)
        Centroids, float32.
    n_clusters_, n_features_in_ : int
    feature_names_in_ : ndarray of shape (d,)
        Where the input had column names.
    """

    n_clusters: Any
    random_state: int | np.random.RandomState | None
    device: str
    verbose: bool
    preparation_: Columns
    _model: type[Any]

    @abstractmethod
    def _fit(self, x: Matrix, seed: int, device: torch.device) -> tuple[Model, Assignment]:
        """Train on the rows of `x`, shape (n, d): the model, and where it puts them."""

    @with_callbacks
    def fit(self, X: MatrixLike, y: Any = None) -> Self:
        """Train the nets on the rows of X and cluster them; what fails leaves all as it was.

        Parameters
        ----------
        X : matrix of shape (n, d)
            NumPy array, pandas DataFrame, SciPy sparse matrix, torch Tensor or list of rows;
            finite. Images apart, centred unless sparse, and scaled by one factor; then float32.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        DataError, ParameterError
            If the points or the parameters cannot be used; both are `ValueError`.
        TrainingError
            If a training diverges; a `RuntimeError`.
        """
        with fit_task(self, "fit", X, y), whole_fit(self) as new:
            x, seed = new._matrix(X, reset=True), new._seed()
            device = pick_device(new.device, x.shape[0])
            check_noise(new.noise)
            new._check_n_clusters(x)
            with quiet(not new.verbose), usual_torch():
                model, assigned = new._fit(x, seed, device)
            assigned = new._mark_noise(model, assigned)
            new._keep(model, assigned.clusters, assigned.embedding)
        return self

    def predict(self, X: MatrixLike) -> NDArray[np.int64]:
        """Put rows of X, shape (n, d), into the nearest centroid's cluster, or noise (-1): (n,)."""
        return self._assign(X).clusters

    def transform(self, X: MatrixLike) -> NDArray[np.float32]:
        """Map each row of X, shape (n, d), to the embedding: (n, c)."""
        return self._assign(X).embedding

    def save(self, folder: str | Path) -> None:
        """Write the fitted estimator into a folder: JSON, ``.safetensors``, ``.npy``.

        All but `history_`, what `partial_fit` told (its four attributes), and points beyond
        256 MiB comes back by `load`. A save that is cut off changes nothing.
        ``spectralnet predict`` reads what is of `spectralnet.methods.predictor.MODELS`.
        """
        check_is_fitted(self, "model_")
        with whole_folder(Path(folder)) as partial:
            self._write(partial)

    def _write(self, folder: Path) -> None:
        """Write the files that `load` reads."""
        save_array(folder / "clusters.npy", self.labels_)
        save_array(folder / "embedding.npy", self.embedding_)
        if hasattr(self, "outlier_scores_"):
            save_array(folder / "outlier_scores.npy", self.outlier_scores_)
        params = self.get_params() | {"device": str(self.device)}  # it may be torch's
        if not isinstance(self.random_state, int | np.integer):
            params["random_state"] = None  # its state is past: the fit cannot be repeated by it
        self.model_.save(folder)
        save_json(folder / "preparation.json", self.preparation_.config)
        about = {
            "estimator": type(self).__name__,
            "params": params,
            "n_features_in": self.n_features_in_,
            "feature_names_in": self.preparation_.names,
        }
        save_json(folder / "estimator.json", about)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote; a `DataError` if it is damaged, or of another class."""
        folder = Path(folder)
        path = folder / "estimator.json"
        if not path.exists():
            raise DataError(f"{path} is missing: give a folder that {cls.__name__}.save wrote")
        check_manifest(folder)
        with reading_model(folder):
            about = load_json(path)
            kind = about["estimator"]
        if kind != cls.__name__:
            raise DataError(f"{folder} holds a {kind}: load it by that class")
        with reading_model(folder):
            self = cls(**about["params"])
            self.n_features_in_ = about["n_features_in"]
            if about["feature_names_in"] is not None:
                self.feature_names_in_ = np.array(about["feature_names_in"], dtype=object)
            preparation = build_preparation(load_json(folder / "preparation.json"))
            self.preparation_ = cast(Columns, preparation)  # `save` writes no other
            kept = [np.array(load_array(folder / f"{n}.npy")) for n in ("clusters", "embedding")]
            if (scores := folder / "outlier_scores.npy").exists():  # former versions wrote none
                self.outlier_scores_ = np.array(load_array(scores))
            model = cls._model.load(folder)
            check_together(preparation, model)
            self._keep(model, *kept)
        return self

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        if tags.transformer_tags:
            tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    @property
    def _as_given(self) -> bool:
        """Whether rows are neither centred nor scaled: images, whose black is 0."""
        return getattr(self, "image_shape", None) is not None

    @property
    def _n_features_out(self) -> int:
        return self.embedding_.shape[1]

    def _keep(
        self, model: Model, clusters: NDArray[np.int64], embedding: NDArray[np.float32]
    ) -> None:
        self.model_, self.labels_, self.embedding_ = model, clusters, embedding
        self.cluster_centers_ = model.centroids.cpu().numpy()
        self.n_clusters_ = len(self.cluster_centers_)

    def _check_n_clusters(self, x: Matrix) -> None:
        check_count("n_clusters", self.n_clusters)
        check_distinct(x, self.n_clusters)

    def _assign(self, X: MatrixLike, whole: bool = False) -> Assignment:
        check_is_fitted(self, "model_")
        if whole and self.model_.membership is None:
            raise DataError("a former version fitted this model, which tells no more: fit it again")
        with quiet(not self.verbose), usual_torch():
            x = self._matrix(X, reset=False)
            device = pick_device(self.device, x.shape[0])
            return assign_prepared(self.model_, self.preparation_, x, device, whole)

    def _seed(self) -> int:
        seed = self.random_state
        if not isinstance(seed, int | np.integer):
            return int(check_random_state(seed).randint(2**31))
        if not 0 <= seed < 2**32:
            raise ParameterError(f"random_state = {seed} has to be in 0 ... {2**32 - 1}")
        return int(seed)

    def _matrix(self, X: MatrixLike, reset: bool) -> Matrix:
        X, given = as_rows(X, getattr(self, "image_shape", None)), self._as_given
        if not reset and self.preparation_.shift is not None and issparse(X):
            X = X.toarray()
        with np.errstate(invalid="ignore"):  # what is infinite is refused
            x = validate_data(
                self,
                X,
                reset=reset,
                accept_sparse="csr",
                dtype=np.float32 if given else (np.float64, np.float32),
                ensure_min_samples=2 if reset else 1,
            )
        x = csr_array(x) if issparse(x) else x
        if reset:
            names = getattr(self, "feature_names_in_", None)
            self.preparation_ = self._fit_preparation(x, None if names is None else names.tolist())
        return self.preparation_.transform(x)

    def _fit_preparation(self, x: Matrix, names: list[str] | None) -> Columns:
        as_given = self._as_given
        return Columns(self.n_features_in_, names=names) if as_given else fit_scale(x, names)
