"""The one thing that is served: raw samples in; cluster, distance and embedding out."""

from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from spectralnet.artifacts import load_json, save_json
from spectralnet.checks import check_features
from spectralnet.clusters.kmeans import Assignment
from spectralnet.clusters.noise import NOISE
from spectralnet.data.preparation import Preparation, Raw, build_preparation
from spectralnet.errors import DataError, ParameterError
from spectralnet.folders import whole_folder
from spectralnet.matrices import Matrix, empty_rows
from spectralnet.membership.hierarchy import Hierarchy
from spectralnet.membership.part import Membership
from spectralnet.methods.dec.model import DECModel
from spectralnet.methods.model import ClusterModel
from spectralnet.nets.net import Net
from spectralnet.nets.saved import reading_model


class Model(Protocol):
    """What every method leaves behind to put new points into clusters."""

    encoder: Net
    centroids: torch.Tensor  # (n_clusters, c)
    membership: Membership | None

    @property
    def hierarchy(self) -> Hierarchy | None:
        """Nested clusters of every number, where it has them."""

    def assign(
        self, x: Matrix, device: torch.device | None = None, whole: bool = False
    ) -> Assignment:
        """Assign features, shape (n, d), to clusters; `whole` tells how sure they are, too."""

    def places(self, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
        """Say where embedded points, shape (m, c), lie among the centroids."""

    def save(self, folder: Path) -> None:
        """Write ``model.json``, with its `kind`, and ``model.safetensors`` into a folder."""


MODELS: dict[str, type[ClusterModel] | type[DECModel]] = {
    "spectral": ClusterModel,
    "dec": DECModel,
}
# What a folder has to hold to be served; other files in it say how it was fitted.
FILES = ("model.json", "model.safetensors", "preparation.json")
# The outlier score of what has no place: beyond any that distances in float32 come to.
PLACELESS = 1e4


class Predictor:
    """A trained model, and what its samples have to go through before it.

    Parameters
    ----------
    preparation : Preparation
    model : Model
    """

    def __init__(self, preparation: Preparation, model: Model) -> None:
        self.preparation = preparation
        self.model = model

    def predict(
        self, raw: Raw, device: torch.device | None = None, n_clusters: int | None = None
    ) -> Assignment:
        """Assign raw samples to clusters.

        Parameters
        ----------
        raw : ndarray, csr_array or sequence of str
            Images, rows of numbers or texts, as the preparation takes them.
        device : torch.device, optional
            By default the CPU.
        n_clusters : int, optional
            Cut the model's hierarchy: so many clusters, which have no probabilities. By default
            those that were fitted.

        Returns
        -------
        Assignment

        Raises
        ------
        DataError
            If the samples are of another kind or shape than those that the model was fitted
            on, or hold a value that is NaN or infinite.
        ParameterError
            If there is no hierarchy to cut, or it has never so many clusters.
        """
        if n_clusters is None:
            return self._assign(raw, device)
        if (tree := self.hierarchy) is None:
            raise ParameterError(
                f"n_clusters = {n_clusters}: this model has no hierarchy to cut. Those with a "
                "spectral net have one, if this version fitted them: leave n_clusters out"
            )
        joined = tree.cut(n_clusters)
        found = self._assign(raw, device)
        clusters = tree.clusters_of(joined, self.model.places(found.embedding), found.clusters)
        return found._replace(clusters=clusters, probabilities=None)

    def _assign(self, raw: Raw, device: torch.device | None) -> Assignment:
        with np.errstate(over="ignore"):  # what overflows is refused
            features = self.preparation.transform(raw)
            if features.shape[0]:
                check_features(features, "the samples")
            assigned = assign_prepared(self.model, self.preparation, features, device)
        if not np.isfinite(assigned.distances).all():
            raise DataError("the samples hold numbers that are too large: those fitted had none")
        return assigned

    @property
    def hierarchy(self) -> Hierarchy | None:
        """The model's nested clusters; DEC's, and those of former versions, have none."""
        return self.model.hierarchy

    def save(self, folder: Path) -> None:
        """Write the model and ``preparation.json`` into `folder`: all of it, or nothing."""
        with whole_folder(folder) as partial:
            self.model.save(partial)
            save_json(partial / "preparation.json", self.preparation.config)

    @classmethod
    def load(cls, folder: Path) -> "Predictor":
        """Read what `save` wrote.

        Raises
        ------
        DataError
            If a file is missing or damaged, or the model is of an unknown kind.
        """
        for name in FILES:
            if not (folder / name).is_file():
                raise DataError(
                    f"{folder / name} is missing: give a folder with a trained model, such as "
                    "artifacts/mnist5k/auto/euclidean/model (`dvc checkout` or `make run` makes "
                    "it), or one that `save` of an estimator wrote"
                )
        with reading_model(folder):
            kind = load_json(folder / "model.json").get("kind")
        if kind not in list(MODELS):
            known = ", ".join(MODELS)
            raise DataError(
                f"{folder / 'model.json'} is of kind {kind!r}: this version knows {known}"
            )
        with reading_model(folder):
            preparation = build_preparation(load_json(folder / "preparation.json"))
            model = MODELS[kind].load(folder)
            check_together(preparation, model)
        return cls(preparation, model)


def assign_prepared(
    model: Model,
    preparation: Preparation,
    x: Matrix,
    device: torch.device | None = None,
    whole: bool = True,
) -> Assignment:
    """Assign features, shape (n, d), that a preparation made; rows without a place are noise.

    Where rows are directions, those of zeros have none, such as texts without a known term: the
    cluster is -1, all probabilities are equal, and the outlier score is `PLACELESS`.
    """
    assigned = model.assign(x, device, whole)
    if not preparation.directions or not (empty := empty_rows(x)).any():
        return assigned
    shares, scores = assigned.probabilities, assigned.outlier_scores
    if shares is not None:
        shares = np.where(empty[:, None], np.float32(1 / shares.shape[1]), shares)  # (n, k)
    if scores is not None:
        scores = np.where(empty, np.float32(PLACELESS), scores)
    clusters = np.where(empty, NOISE, assigned.clusters)
    return assigned._replace(clusters=clusters, probabilities=shares, outlier_scores=scores)


def check_together(preparation: Preparation, model: Model) -> None:
    """Try a model and a preparation that were read from files on a row of zeros.

    Raises
    ------
    ValueError, LookupError, RuntimeError
        If they do not fit each other, or weights are NaN.
    """
    n_features = model.encoder.n_features
    if preparation.n_features != n_features:
        raise DataError(
            f"its preparation makes rows of {preparation.n_features} features, and its nets take "
            f"{n_features}"
        )
    found = model.assign(np.zeros((1, n_features), dtype=np.float32), whole=True)
    if not np.isfinite(found.distances).all():
        raise DataError("its centroids are no finite numbers, or too large")
    if model.membership is not None:
        model.membership.check(found)


def as_frame(
    assignment: Assignment, embedding: bool = False, probabilities: bool = False
) -> pd.DataFrame:
    """Put an assignment into columns: `cluster`, `distance`, and more if asked for.

    Where they are told there are two more: `probability`, of the likeliest cluster, and
    `outlier_score`.

    Parameters
    ----------
    assignment : Assignment
        Of m points.
    embedding : bool, default=False
        Add `embedding_1` ... `embedding_c`.
    probabilities : bool, default=False
        Add `probability_0` ... of each cluster, by its number.

    Returns
    -------
    DataFrame of m rows

    Raises
    ------
    DataError
        If probabilities are asked for, and the model tells none.
    """
    columns = {"cluster": assignment.clusters, "distance": assignment.distances}
    shares = assignment.probabilities  # (m, k)
    if shares is not None:
        columns["probability"] = shares.max(axis=1)
    if assignment.outlier_scores is not None:
        columns["outlier_score"] = assignment.outlier_scores
    if probabilities:
        if shares is None:
            raise DataError(
                "the model tells no probabilities: none does of its hierarchy's cuts (n_clusters), "
                "nor one of a former version: do not ask for them"
            )
        columns |= {f"probability_{i}": column for i, column in enumerate(shares.T)}
    if embedding:
        for i, column in enumerate(np.transpose(assignment.embedding), 1):
            columns[f"embedding_{i}"] = column
    return pd.DataFrame(columns)
