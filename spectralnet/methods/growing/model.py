"""A trained model that takes more points: its net trains on or anew, clusters keep numbers."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectralnet.graph.affinity import GraphParams
from spectralnet.matrices import Matrix
from spectralnet.membership.part import Noise
from spectralnet.methods.growing.points import novel_points, rayleigh_ratio
from spectralnet.methods.model import ClusterModel
from spectralnet.methods.spectralnet import SpectralClusters, train_spectralnet
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.devices import map_in_chunks
from spectralnet.spectral.training import SpectralNetParams, candidate_components


class Grown(NamedTuple):
    """What came of points that came later."""

    found: SpectralClusters  # of the former points, then of the new ones
    rayleigh_ratio: float
    novel: NDArray[np.bool_]  # (m,), of the new points

    def metrics(self, former: NDArray[np.int64]) -> dict[str, float]:
        """Say how much the new points changed, `former` being the others' clusters, shape (n,)."""
        moved = self.found.assigned.clusters[: len(former)] != former
        return {
            "n_former": len(former),
            "n_moved": int(moved.sum()),
            "n_novel": int(self.novel.sum()),
            "rayleigh_ratio": self.rayleigh_ratio,
        }


def grow(
    model: ClusterModel,
    space: Matrix,
    graph: csr_array,
    n_clusters: int | tuple[int, int],
    params: SpectralNetParams,
    graph_params: GraphParams,
    *,
    former: NDArray[np.int64],
    noise: Noise = None,
    own_graph: bool = True,
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
) -> Grown:
    """Add points to those that a model was fitted on.

    The spectral map trains on from its weights, as `SpectralNetParams.continued` has it. Where
    points are novel a new one is trained instead, as by a fit: it finds them more surely. Centroids
    are fitted anew, and the clusters keep the numbers that suit the former points best. Encoder and
    embedder stay.

    Parameters
    ----------
    model : ClusterModel
        Not changed.
    space : ndarray or csr_array of shape (N, e)
        The spectral map's inputs: of the n former points, then of the new ones.
    graph : csr_array of shape (N, N)
        Of all of them.
    n_clusters : int or (int, int)
        A range grows the model's own number, where there are points that are novel, or where it
        is below the range.
    params : SpectralNetParams
    graph_params : GraphParams
    former : ndarray of shape (n,)
        Clusters of the former points; -1 is noise.
    noise, own_graph
        See `spectralnet.methods.spectralnet.train_spectralnet`.
    seed : int
    device : torch.device
    checkpoint : Checkpoint, optional

    Returns
    -------
    Grown
    """
    n = len(former)
    places = map_in_chunks(model.spectral_map, space, device)
    ratio = rayleigh_ratio(places, graph, n)
    novel = novel_points(graph, n, graph_params.n_neighbours)
    if isinstance(n_clusters, tuple):
        n_clusters = _grown_number(len(model.centroids), *n_clusters, bool(novel.any()))
        if not isinstance(n_clusters, tuple):
            most = max(candidate_components(n_clusters), model.spectral_map.sizes[-1])
            params = params.model_copy(update={"n_components": min(params.n_components, most)})
    # The exact eigenvectors of another graph have other signs, and may come in another order.
    anew = bool(novel.any()) or params.sampler == "eigenvectors"
    start = None if anew else model.spectral_map
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
        noise=noise,
        own_graph=own_graph,
        seed=seed,
        device=device,
        checkpoint=checkpoint,
        start=start,
        former=former,
    )
    return Grown(found, ratio, novel)


def _grown_number(own: int, lowest: int, highest: int, is_novel: bool) -> int | tuple[int, int]:
    """Return the number of clusters, or the range of numbers to choose a larger one from."""
    least = max(lowest, own + is_novel)
    return (least, highest) if own < least <= highest else own
