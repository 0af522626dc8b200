"""SpectralNet, from an affinity to clusters: the spectral map, then k-means in the eigenspace."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectralnet.checks import warn_of_empty
from spectralnet.clusters.kmeans import Assignment, assign, fit_spectral_centroids
from spectralnet.graph.affinity import GraphParams
from spectralnet.matrices import Matrix
from spectralnet.methods.model import ClusterModel
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.devices import map_in_chunks
from spectralnet.nets.net import Net
from spectralnet.spectral.laplacian import warn_of_components
from spectralnet.spectral.training import SpectralNetParams, train_spectral_map


class SpectralClusters(NamedTuple):
    """What SpectralNet makes of a graph."""

    model: ClusterModel
    assigned: Assignment  # of the n points
    eigenvalues: NDArray[np.float64]  # (c,), ascending
    history: pd.DataFrame  # of the spectral map


def train_spectralnet(
    encoder: Net,
    embedder: Net,
    embedding: Matrix,
    graph: csr_array,
    n_clusters: int,
    params: SpectralNetParams,
    graph_params: GraphParams,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
) -> SpectralClusters:
    """Train the spectral map on a graph, and fit centroids to what it makes of the points.

    Parameters
    ----------
    encoder, embedder : Net
        What made the embedding of the features: parts of the model.
    embedding : ndarray or csr_array of shape (n, e)
        The spectral map's inputs.
    graph : csr_array of shape (n, n)
        Affinities.
    n_clusters : int
    params : SpectralNetParams
    graph_params : GraphParams
        Used by the "batch" sampler.
    seed : int
    device : torch.device
    checkpoint : Checkpoint, optional

    Returns
    -------
    SpectralClusters

    Raises
    ------
    ParameterError, TrainingError
        See `spectralnet.spectral.training.train_spectral_map`.

    References
    ----------
    Shaham et al., SpectralNet, ICLR 2018, section 3.
    """
    warn_of_components(graph, params.n_components, n_clusters)
    spectral_map, eigenvalues, history = train_spectral_map(
        embedding, graph, params, graph_params, seed=seed, device=device, checkpoint=checkpoint
    )
    places = map_in_chunks(spectral_map, embedding, device)
    centred = fit_spectral_centroids(places, eigenvalues, n_clusters, seed)
    model = ClusterModel(encoder, embedder, spectral_map, *map(torch.from_numpy, centred))
    assigned = assign(places, centred)
    warn_of_empty(assigned.clusters, n_clusters)
    return SpectralClusters(model, assigned, eigenvalues, history)
