"""SpectralNet, from an affinity to clusters: the spectral map, then k-means in the eigenspace."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectralnet.checks import warn_of_empty
from spectralnet.clusters.kmeans import (
    Assignment,
    assign,
    fit_spectral_centroids,
    weighted_directions,
)
from spectralnet.graph.affinity import GraphParams
from spectralnet.matrices import Matrix, seeded_sample
from spectralnet.membership.hierarchy import fit_hierarchy
from spectralnet.membership.n_clusters import choose_n_clusters
from spectralnet.membership.numbers import keep_numbers
from spectralnet.membership.part import Noise
from spectralnet.membership.stability import SAMPLED, fit_membership, spectral_repeats
from spectralnet.methods.affinities import connect
from spectralnet.methods.model import ClusterModel
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.devices import map_in_chunks
from spectralnet.nets.net import Net
from spectralnet.spectral.laplacian import warn_of_components
from spectralnet.spectral.map import SpectralMap
from spectralnet.spectral.samplers import SAMPLERS
from spectralnet.spectral.training import (
    SpectralNetParams,
    candidate_components,
    learned_components,
    train_spectral_map,
)

FITTING = "eigenvectors"  # the curve of the fit to them


class SpectralClusters(NamedTuple):
    """What SpectralNet makes of a graph."""

    model: ClusterModel
    assigned: Assignment  # of the n points
    eigenvalues: NDArray[np.float64]  # (c,), ascending
    history: pd.DataFrame  # of the spectral map
    fitting: pd.DataFrame | None  # of it to exact eigenvectors, if it was

    @property
    def histories(self) -> dict[str, pd.DataFrame]:
        """Return the learning curves by their names."""
        fitting = {} if self.fitting is None else {FITTING: self.fitting}
        return fitting | {"spectralnet": self.history}


def train_spectralnet(
    encoder: Net,
    embedder: Net,
    embedding: Matrix,
    graph: csr_array,
    n_clusters: int | tuple[int, int],
    params: SpectralNetParams,
    graph_params: GraphParams,
    *,
    noise: Noise = None,
    own_graph: bool = True,
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
    start: SpectralMap | None = None,
    former: NDArray[np.int64] | None = None,
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
    n_clusters : int or (int, int)
        How many, or the lowest and the highest number to choose among: see
        `spectralnet.membership.n_clusters.choose_n_clusters`. Then no more eigenvectors are learned
        than `candidate_components` of the number.
    params : SpectralNetParams
    graph_params : GraphParams
        Used by the "batch" sampler.
    noise : "auto", float or None
        See `spectralnet.membership.part.Membership.mark_noise`.
    own_graph : bool, default=True
        Whether the graph is that of the embedding's neighbours, so that many points may be
        represented by a sample's; not if it was given, or told labels or pairs.
    seed : int
    device : torch.device
    checkpoint : Checkpoint, optional
    start : SpectralMap, optional
        A former one, whose weights the training goes on from.
    former : ndarray of shape (m,), optional
        Former clusters of the first m points, whose numbers are kept: see
        `spectralnet.membership.numbers.keep_numbers`.

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
    normalised = SAMPLERS[params.sampler].normalised
    if isinstance(n_clusters, tuple):
        n_clusters, _ = choose_n_clusters(graph, *n_clusters, normalised, seed)
        enough = min(params.n_components, candidate_components(n_clusters))
        params = params.model_copy(update={"n_components": enough})
    n_components = learned_components(params, start)
    warn_of_components(graph, n_components, n_clusters)
    spectral_map, eigenvalues, history, fitting, _ = train_spectral_map(
        embedding,
        graph,
        params,
        graph_params,
        seed=seed,
        device=device,
        n_leading=n_clusters,
        checkpoint=checkpoint,
        start=start,
    )
    places = map_in_chunks(spectral_map, embedding, device)
    centred = fit_spectral_centroids(places, eigenvalues, n_clusters, seed)
    if former is not None:
        centred = keep_numbers(centred, places[: len(former)], former)
    centroids, weights = map(torch.from_numpy, centred)
    # On the CPU, where a model is pickled, copied and kept; `assign` copies it to a device.
    model = ClusterModel(encoder, embedder, spectral_map, centroids, weights).cpu()
    assigned = assign(places, centred)
    warn_of_empty(assigned.clusters, n_clusters)
    directions = weighted_directions(places, centred.weights)
    model.hierarchy = fit_hierarchy(graph, directions, assigned.clusters, seed)
    rows: slice | NDArray[np.int64] = slice(None)
    among = graph
    if graph.shape[0] > SAMPLED[0] and own_graph:
        rows, among = _sampled(embedding, graph_params, seed)
    membership, assigned = fit_membership(
        assigned,
        directions,
        centred.centroids,
        embedding,
        spectral_repeats(among, n_components, n_clusters, normalised),
        graph_params.n_neighbours,
        seed,
        rows,
    )
    model.membership, assigned = membership, membership.mark_noise(assigned, noise)
    return SpectralClusters(model, assigned, eigenvalues, history, fitting)


def _sampled(
    embedding: Matrix, params: GraphParams, seed: int
) -> tuple[NDArray[np.int64], csr_array]:
    """Choose points on which the clustering is repeated: their graph's eigenvectors take seconds.

    A graph of their own, since few of the edges of all are among them.
    """
    rows = seeded_sample(embedding.shape[0], SAMPLED[1], seed)
    return rows, connect(embedding[rows], params, seed)[0]
