"""The whole predictor as one graph of tensors: raw samples in; cluster, distance, embedding out."""

from typing import cast

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from spectralnet.data.pixels import Pixels
from spectralnet.data.preparation import Columns
from spectralnet.errors import DataError
from spectralnet.matrices import drawn_in
from spectralnet.methods.model import ClusterModel
from spectralnet.methods.predictor import Predictor

TINY = float(np.finfo(np.float32).tiny)


class PixelsGraph(nn.Module):
    """`Pixels.transform` of images in grey, float32 of shape (m, height, width)."""

    dtype = torch.float32

    def __init__(self, preparation: Pixels) -> None:
        super().__init__()
        self.shape, self.maximum = preparation.image_shape, preparation.maximum

    def forward(self, images: Tensor) -> Tensor:
        """Return rows of pixels from 0 to 1."""
        return (images.flatten(1) / self.maximum).clamp_max(1)  # (m, height * width)


class ColumnsGraph(nn.Module):
    """`Columns.transform` of dense rows, float64 of shape (m, n_columns)."""

    dtype = torch.float64
    keep: Tensor
    shift: Tensor
    inverse: Tensor

    def __init__(self, preparation: Columns) -> None:
        super().__init__()
        self.shape, d = (preparation.n_columns,), preparation.n_features
        self.reach, self.directions = preparation.reach, preparation.directions
        self.register_buffer("keep", _given(preparation.keep, np.arange(d)).long())
        self.register_buffer("shift", _given(preparation.shift, np.zeros(d)))
        self.register_buffer("inverse", 1 / _given(preparation.scale, np.ones(d)))

    def forward(self, rows: Tensor) -> Tensor:
        """Return features, float32."""
        x = (rows[:, self.keep] - self.shift) * self.inverse  # (m, d)
        root = x.shape[1] ** 0.5
        if self.reach is not None:
            x = drawn_in(x, self.reach * root)
        if self.directions:
            length = x.norm(dim=1, keepdim=True)  # (m, 1)
            x = x / length.where(length > 0, 1) * root
        return x.float()


def _given(values: ArrayLike | None, default: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(default if values is None else values, dtype=np.float64))


class PredictorGraph(nn.Module):
    """What `Predictor.predict` does with NumPy and scikit-learn, in torch from end to end.

    Without its checks: a graph takes NaN, and pixels of another range, for what they are.

    Parameters
    ----------
    predictor : Predictor
        Of images or rows of numbers.

    Raises
    ------
    DataError
        If it takes texts.
    """

    nearest_to: Tensor
    weights: Tensor

    def __init__(self, predictor: Predictor) -> None:
        super().__init__()
        self.preparation = _graph_of(predictor)
        self.model = cast(nn.Module, predictor.model)
        centroids = predictor.model.centroids.detach()  # (k, c)
        self.directions = isinstance(predictor.model, ClusterModel)
        weights = getattr(predictor.model, "weights", torch.ones(centroids.shape[1]))  # (c,)
        self.register_buffer("nearest_to", centroids.double())
        self.register_buffer("weights", weights)

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return clusters (m,), int64, distances (m,) and embedding (m, c), float32."""
        embedding = self.model(self.preparation(samples))
        places = embedding[:, : len(self.weights)] * self.weights  # (m, c)
        if self.directions:
            places = places / places.norm(dim=1, keepdim=True).clamp_min(TINY)
        # |p - m|² less |p|², in double precision, as scikit-learn compares distances.
        places, centroids = places.double(), self.nearest_to
        clusters = (centroids.square().sum(dim=1) - 2 * places @ centroids.T).argmin(dim=1)
        distances = (places - centroids[clusters]).norm(dim=1)
        return clusters, distances.float(), embedding


def _graph_of(predictor: Predictor) -> PixelsGraph | ColumnsGraph:
    if isinstance(predictor.preparation, Pixels):
        return PixelsGraph(predictor.preparation)
    if isinstance(predictor.preparation, Columns):
        return ColumnsGraph(predictor.preparation)
    raise DataError(
        "the model takes texts: words, stems and their weights (TF-IDF) are no arithmetic on "
        "arrays, which is all that a graph holds. Serve the model (`spectralnet serve`, MLflow), "
        "or call `spectralnet predict`"
    )
