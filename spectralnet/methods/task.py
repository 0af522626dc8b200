"""What a method of the pipeline is given, and what it gives back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectralnet.graph.affinity import GraphParams
from spectralnet.matrices import Matrix
from spectralnet.methods.predictor import Model
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.net import Net
from spectralnet.spectral.training import SpectralNetParams


@dataclass(frozen=True)
class Task:
    """Points to cluster, and how.

    Attributes
    ----------
    method : str
        By its name in `spectralnet.methods.catalogue.METHODS`.
    x, held_out : ndarray or csr_array of shape (n, d) and (m, d)
        Features of the points to fit, and of those held out.
    features : ndarray or csr_array of shape (n, e)
        Of the points to fit in the space that the stage reads: codes, gradients, projections, or
        `x` itself.
    encoder : Net
        From `x` to `features`.
    graph : csr_array of shape (n, n) or None
        Affinities, if the stage reads a graph.
    image_shape : (int, int) or None
        Height and width, if `x` holds images.
    n_clusters : int
    params : Block or None
        The method's own block of ``params.yaml``.
    graph_params : GraphParams
    spectral_params : SpectralNetParams
    seed : int
    device : torch.device
    checkpoint : callable
        Returns the checkpoint of the method's training.
    """

    method: str
    x: Matrix
    held_out: Matrix
    features: Matrix
    encoder: Net
    graph: csr_array | None
    image_shape: Sequence[int] | None
    n_clusters: int
    params: Any
    graph_params: GraphParams
    spectral_params: SpectralNetParams
    seed: int
    device: torch.device
    checkpoint: Callable[[], Checkpoint]


class Found(NamedTuple):
    """What a method makes of a task."""

    clusters: NDArray[np.int64]  # (n,)
    held_out_clusters: NDArray[np.int64] | None = None  # (m,), if it can tell
    model: Model | None = None  # if it can put new points into clusters
    history: pd.DataFrame | None = None  # of its training
    remark: str = ""  # for the stage's line
