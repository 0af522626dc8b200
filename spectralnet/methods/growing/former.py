"""A former model in a folder: the pipeline goes on from it where its samples have grown."""

from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray

from spectralnet.artifacts import load_array, save_array
from spectralnet.data.preparation import Preparation
from spectralnet.errors import DataError
from spectralnet.matrices import Matrix
from spectralnet.methods.model import ClusterModel
from spectralnet.methods.predictor import Predictor
from spectralnet.nets.saved import reading_model, save_net

SAME = ("kind", "n_columns", "names", "image_shape")  # where preparations take the same samples
NEAR = 0.01  # of the largest coordinate: more than what another machine rounds
WITHOUT = "or go without warm_start (data/no_model; null in a block of your own)"


class Former(NamedTuple):
    """A model, and what it made of the n samples that it was fitted on."""

    folder: Path
    preparation: Preparation
    model: ClusterModel
    clusters: NDArray[np.int64]  # (n,), -1 for noise
    embedding: NDArray[np.float32]  # (n, c)

    @classmethod
    def load(cls, path: str | Path | None) -> Self | None:
        """Read the model in a folder; None where nothing is named, or the folder is empty.

        Raises
        ------
        DataError
            If it holds no spectral net, of the pipeline or of an estimator's `save`, or is damaged.
        """
        if path is None:
            return None
        folder = Path(path)
        if folder.is_dir() and all(file.name.startswith(".") for file in folder.iterdir()):
            return None
        predictor = Predictor.load(folder)
        if not isinstance(model := predictor.model, ClusterModel):
            raise DataError(f"the model in {folder} has no spectral net: only such a one goes on")
        with reading_model(folder):
            clusters, embedding = (
                np.array(load_array(folder / f"{name}.npy")) for name in ("clusters", "embedding")
            )
            shape = (len(clusters), model.spectral_map.sizes[-1])
            numbers = np.arange(-1, len(model.centroids))
            if embedding.shape != shape or not np.isin(clusters, numbers).all():
                raise DataError("its clusters are not those of its samples")
        return cls(folder, predictor.preparation, model, clusters, embedding)

    def check_samples(self, fitted: Preparation) -> None:
        """Refuse samples of another kind, by what was fitted to them: a `DataError`."""
        own, other = self.preparation.config, fitted.config
        for name in SAME:
            if own.get(name) not in (None, other.get(name)):
                raise DataError(
                    f"the model in {self.folder} takes samples of {name} {own[name]}, and these "
                    f"are of {name} {other.get(name)}: name another, {WITHOUT}"
                )

    def check_points(self, x: Matrix, device: torch.device) -> None:
        """Refuse points, shape (N, d), that do not begin with those of the model: a `DataError`."""
        n = len(self.clusters)
        if x.shape[0] <= n:
            raise DataError(
                f"the model in {self.folder} was fitted on {n} samples, and here are {x.shape[0]}: "
                f"add some, {WITHOUT}"
            )
        apart = np.abs(self.model.assign(x[:n], device).embedding - self.embedding).max()
        if not apart <= NEAR * np.abs(self.embedding).max():
            raise DataError(
                f"the first {n} samples are not those that the model in {self.folder} was fitted "
                "on: let new ones come last (files come by their names), with limit: null and "
                f"fit_on: all, {WITHOUT}"
            )


def save_former(folder: Path, former: Former | None) -> None:
    """Write what the stages read of a former model; of none, ``clusters.npy`` of no points."""
    clusters = np.empty(0, np.int64) if former is None else former.clusters
    save_array(folder / "clusters.npy", clusters)
    if former is not None:
        former.model.save(folder)
        save_net(folder, "encoder", former.model.encoder)
        save_net(folder, "embedder", former.model.embedder)
