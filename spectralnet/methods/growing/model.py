"""A trained model that takes more points: its net trains on or anew, clusters keep numbers."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from spectralnet.graph.affinity import GraphParams
from spectralnet.matrices import Matrix
from spectralnet.methods.growing.points import (
    KeptPoints,
    grown_points,
    novel_points,
    rayleigh_ratio,
)
from spectralnet.methods.model import ClusterModel
from spectralnet.methods.spectralnet import SpectralClusters, train_spectralnet
from spectralnet.nets.devices import map_in_chunks
from spectralnet.spectral.training import SpectralNetParams, candidate_components


class Grown(NamedTuple):
    """What came of points that came later."""

    found: SpectralClusters
    points: KeptPoints  # the former ones, then the new ones
    rayleigh_ratio: float
    novel: NDArray[np.bool_]  # (m,), of the new points


def grow(
    model: ClusterModel,
    points: KeptPoints,
    space: Matrix,
    former: NDArray[np.int64],
    n_clusters: int | tuple[int, int],
    params: SpectralNetParams,
    graph_params: GraphParams,
    *,
    seed: int,
    device: torch.device,
) -> Grown:
    """Add points to those that a model was fitted on.

    The graph grows; the spectral map trains on from its weights, as `SpectralNetParams.continued`
    has it. Where points are novel a new one is trained instead, as by a fit: it
    finds them more surely. Centroids are fitted anew, and the clusters keep the numbers that suit
    the former points best. Encoder and embedder stay.

    Parameters
    ----------
    model : ClusterModel
        Not changed.
    points : KeptPoints
    space : ndarray or csr_array of shape (N, e)
        The spectral map's inputs: of the n former points, then of the new ones.
    former : ndarray of shape (n,)
        Clusters of the former points; -1 is noise.
    n_clusters : int or (int, int)
        A range grows the model's own number, where there are points that are novel, or where it
        is below the range.
    params : SpectralNetParams
    graph_params : GraphParams
    seed : int
    device : torch.device

    Returns
    -------
    Grown
    """
    grown = grown_points(points, space, graph_params, seed)
    n, graph = len(former), grown.graph
    places = map_in_chunks(model.spectral_map, space, device)
    ratio, novel = rayleigh_ratio(places, graph, n), novel_points(graph, n, grown.n_neighbours)
    if isinstance(n_clusters, tuple):
        n_clusters = _grown_number(len(model.centroids), *n_clusters, bool(novel.any()))
    if not isinstance(n_clusters, tuple):
        most = max(candidate_components(n_clusters), model.spectral_map.sizes[-1])
        params = params.model_copy(update={"n_components": min(params.n_components, most)})
    start = None if novel.any() else model.spectral_map
    if start is not None:
        params = params.continued()
    found = train_spectralnet(
        model.encoder,
        model.embedder,
        space,
        graph,
        n_clusters,
        params,
        graph_params,
        seed=seed,
        device=device,
        start=start,
        former=former,
    )
    return Grown(found, grown, ratio, novel)


def _grown_number(own: int, lowest: int, highest: int, is_novel: bool) -> int | tuple[int, int]:
    """Return the number of clusters, or the range of numbers to choose a larger one from."""
    least = max(lowest, own + is_novel)
    return (least, highest) if own < least <= highest else own
