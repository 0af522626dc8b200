"""The Dual Autoencoder Network: a dual autoencoder and a spectral map, trained jointly."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn

from spectralnet.errors import ParameterError
from spectralnet.graph.affinity import GraphParams
from spectralnet.matrices import Matrix, Points
from spectralnet.methods.affinities import connect
from spectralnet.methods.dual_autoencoder.net import (
    DualAutoencoderNet,
    DualAutoencoderParams,
    draw_noise,
    train_dual_autoencoder,
)
from spectralnet.methods.spectralnet import SpectralClusters, train_spectralnet
from spectralnet.nets.batches import hold_out
from spectralnet.nets.blocks import MLP
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.devices import half_precision, map_in_chunks
from spectralnet.nets.distributed import averaged, gathered, share
from spectralnet.nets.net import Net
from spectralnet.nets.training import HELD_OUT_BATCHES, mean_loss, train
from spectralnet.spectral.samplers import EdgeSampler
from spectralnet.spectral.training import SpectralNetParams

Batch = tuple[Tensor, Tensor, Tensor, Tensor]  # edges, points, clusters, noise


class ClusteredCodes(NamedTuple):
    """What spectral clustering makes of codes."""

    graph: csr_array  # (n, n)
    clusters: SpectralClusters


def train_dual_autoencoder_network(
    features: Matrix,
    image_shape: Sequence[int] | None,
    n_clusters: int | tuple[int, int],
    params: DualAutoencoderParams,
    graph_params: GraphParams,
    spectral_params: SpectralNetParams,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
) -> tuple[SpectralClusters, pd.DataFrame]:
    """Train the Dual Autoencoder Network from random weights.

    The dual autoencoder; spectral clustering of its codes; both together (`fine_tune`);
    spectral clustering of the codes that this leads to, which is the result.

    Parameters
    ----------
    features : ndarray or csr_array of shape (n, d)
        float32.
    image_shape : (int, int) or None
        Height and width, if the features are images: for an encoder of convolutions.
    n_clusters : int or (int, int)
        See `spectralnet.methods.spectralnet.train_spectralnet`.
    params : DualAutoencoderParams
    graph_params : GraphParams
    spectral_params : SpectralNetParams
        Of both spectral maps, but for the `sampler` of the joint fine-tuning: "edges".
    seed : int
    device : torch.device
    checkpoint : Checkpoint, optional

    Returns
    -------
    clusters : SpectralClusters
        Its `model` takes features to clusters, new points included.
    history : DataFrame
        Of `spectralnet.nets.training.train` for each training, named by the column `phase`.

    Raises
    ------
    ParameterError
        If the minibatches of the joint fine-tuning have fewer points than there are outputs.
    TrainingError
        If outputs become linearly dependent, or a training diverges.

    References
    ----------
    Yang et al., Deep spectral clustering using Dual Autoencoder Network, CVPR 2019.
    """
    if 2 * params.joint.batch_size < spectral_params.n_components:
        raise ParameterError(
            f"dual_autoencoder.joint.batch_size = {params.joint.batch_size} edges have at most "
            f"{2 * params.joint.batch_size} ends, fewer than spectralnet.n_components = "
            f"{spectral_params.n_components}: raise it"
        )

    def usual(phase: str) -> dict[str, Any]:
        part = checkpoint and checkpoint.part(phase)
        return {"seed": seed, "device": device, "checkpoint": part}

    def cluster(phase: str, number: int | tuple[int, int], c: int) -> ClusteredCodes:
        spectral = spectral_params.model_copy(update={"n_components": c})
        return cluster_codes(net.encoder, features, number, graph_params, spectral, **usual(phase))

    history = {}
    net, history["autoencoder"] = train_dual_autoencoder(
        features, image_shape, params, **usual("autoencoder")
    )
    first = cluster("spectral", n_clusters, spectral_params.n_components)
    history["spectral"] = first.clusters.history
    history["joint"] = fine_tune(net, first, features, **usual("joint"))
    k, c = len(first.clusters.model.centroids), len(first.clusters.eigenvalues)
    last = cluster("spectral_again", k, c).clusters
    history["spectral_again"] = last.history
    return last, pd.concat(history, names=["phase", "row"]).reset_index("phase")


def cluster_codes(
    encoder: Net,
    features: Matrix,
    n_clusters: int | tuple[int, int],
    graph_params: GraphParams,
    spectral_params: SpectralNetParams,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
) -> ClusteredCodes:
    """Cluster the codes of an encoder: neighbours, graph, spectral map, k-means.

    Parameters
    ----------
    encoder : Net
    features : ndarray or csr_array of shape (n, d)
    n_clusters : int or (int, int)
    graph_params : GraphParams
    spectral_params : SpectralNetParams
    seed : int
    device : torch.device
    checkpoint : Checkpoint, optional

    Returns
    -------
    ClusteredCodes
    """
    codes: Matrix = map_in_chunks(encoder, features, device)
    graph, _ = connect(codes, graph_params, seed)
    identity = MLP([codes.shape[1]])
    # In the joint training codes move, and neither landmarks nor exact eigenvectors would.
    sampler = {"auto": "edges"}.get(spectral_params.sampler, spectral_params.sampler)
    clusters = train_spectralnet(
        encoder,
        identity,
        codes,
        graph,
        n_clusters,
        spectral_params.model_copy(update={"landmarks": 0, "sampler": sampler}),
        graph_params,
        seed=seed,
        device=device,
        checkpoint=checkpoint,
    )
    return ClusteredCodes(graph, clusters)


def fine_tune(
    net: DualAutoencoderNet,
    spectral: ClusteredCodes,
    features: Matrix,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
) -> pd.DataFrame:
    """Train a dual autoencoder and the spectral map on its codes together, in place.

    Minibatches are edges, drawn in proportion to their weights. The Rayleigh quotient of the
    outputs at their ends draws neighbours together in the space of the codes, as far as the
    orthonormal layer lets it; all losses of the autoencoder are taken at both ends. The code of
    a point of cluster y has the prior N(mu_y, I), mu_y trained, in place of N(0, I).

    Parameters
    ----------
    net : DualAutoencoderNet
    spectral : ClusteredCodes
        Of its codes; its clusters stay as they are here.
    features : ndarray or csr_array of shape (n, d)
    seed : int
    device : torch.device
    checkpoint : Checkpoint, optional

    Returns
    -------
    DataFrame
        See `spectralnet.nets.training.train`; losses are `total` of `DualAutoencoderNet.losses`
        plus `joint.spectral` times the Rayleigh quotient.

    References
    ----------
    Yang et al., Dual Autoencoder Network, CVPR 2019, section 3.3.
    """
    params, joint_params = net.params, net.params.joint
    codes = map_in_chunks(net.encoder, features, device)
    present, clusters = np.unique(spectral.clusters.assigned.clusters, return_inverse=True)
    means = [codes[clusters == y].mean(axis=0) for y in range(len(present))]
    centres = nn.Parameter(torch.from_numpy(np.stack(means)).to(device))  # mu_y
    spectral_map = spectral.clusters.model.spectral_map
    joint = nn.ModuleList([net, spectral_map, nn.ParameterList([centres])]).to(device)
    x, priors = Points(features, device), torch.from_numpy(clusters).to(device)
    held_out = hold_out(len(x), joint_params.held_out, seed)
    sampler = EdgeSampler(spectral.graph, held_out, joint_params.batch_size)

    def batch_of(edges: Tensor, generator: torch.Generator) -> Batch:
        noise = draw_noise(edges.numel(), params, generator)
        ends = share(edges.reshape(-1)).to(device)  # (2m,)
        return edges, x[ends], priors[ends], share(noise, dim=1).to(device)

    def loss(batch: Batch) -> Tensor:
        edges, points, y, noise = batch
        with half_precision(device):
            encoded = net.encode(points)
            total = net.losses(points, encoded, noise, centres[y])["total"]
        outputs = gathered(spectral_map.outputs(encoded.mean), edges.numel())  # (2m, c)
        # A share of the ends is none of the edges.
        mine = share(outputs.view(*edges.shape, -1), dim=1).flatten(0, 1)
        quotient = sampler.loss(lambda _: mine, edges)
        return averaged(total, len(points)) + joint_params.spectral * quotient

    def batches(generator: torch.Generator) -> Iterator[Batch]:
        edges = sampler.batches(generator, joint_params.steps_per_epoch)
        return (batch_of(drawn, generator) for drawn in edges)

    generator = torch.Generator().manual_seed(seed)
    unseen = [batch_of(e, generator) for e in sampler.held_out_batches(generator, HELD_OUT_BATCHES)]

    return train(
        joint,
        joint_params,
        batches=batches,
        n_batches=joint_params.steps_per_epoch,
        loss=loss,
        held_out_loss=lambda: mean_loss(loss(batch) for batch in unseen),
        seed=seed,
        name="joint",
        checkpoint=checkpoint,
    )
