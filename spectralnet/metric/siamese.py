"""The Siamese net: a metric learned from the graph's neighbours (Shaham et al. 2018, 3.2)."""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from spectralnet.graph.edges import WeightedEdges, split_edges
from spectralnet.matrices import Matrix, Points
from spectralnet.metric.augmentation import RandomAffine
from spectralnet.metric.pairs import Neighbourhoods, pair_masks
from spectralnet.nets.batches import hold_out
from spectralnet.nets.blocks import MLP, ConvNet
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.devices import half_precision, seeded
from spectralnet.nets.distributed import gathered, share
from spectralnet.nets.net import Net
from spectralnet.nets.training import (
    HELD_OUT_BATCHES,
    BatchSize,
    LearningRate,
    TrainingParams,
    mean_loss,
    train,
)
from spectralnet.parameters import Count, Positive, Width, Widths


class SiameseParams(TrainingParams):
    """The Siamese net d-`hidden`-`embedding_size` and its pairs.

    On images it sees these, not their codes: convolutions of `channels` take the place of all
    but the last of the `hidden` layers. Without `channels` it is the paper's, on the features
    of the space.
    """

    channels: Widths = [32, 64, 64]
    hidden: Widths = [1024, 1024, 512]
    embedding_size: Width = 32
    loss: Literal["infonce", "contrastive"] = "infonce"
    temperature: Positive = 0.5
    margin: Positive = 1.0
    epochs: Count = 15
    steps_per_epoch: Count = 100
    batch_size: BatchSize = 512
    learning_rate: LearningRate = 0.002


def contrastive_loss(
    anchors: Tensor, others: Tensor, positive: Tensor, negative: Tensor, margin: float
) -> Tensor:
    """Pull positive pairs together and push negative pairs `margin` apart.

    The mean of d^2 over positive pairs plus the mean of max(margin - d, 0)^2 over negative
    pairs, d the Euclidean distance.

    Parameters
    ----------
    anchors : Tensor of shape (m, e)
    others : Tensor of shape (l, e)
    positive, negative : bool Tensor of shape (m, l)
        Which pairs are which; a pair may be neither.
    margin : float

    Returns
    -------
    Tensor
        A scalar.

    References
    ----------
    Hadsell et al., Dimensionality reduction by learning an invariant mapping, CVPR 2006;
    Shaham et al., SpectralNet, ICLR 2018, equation 3.
    """
    distance = torch.cdist(anchors, others, compute_mode="donot_use_mm_for_euclid_dist")  # (m, l)
    pull = (distance**2 * positive).sum() / positive.sum()
    push = ((margin - distance).clamp_min(0) ** 2 * negative).sum() / negative.sum().clamp_min(1)
    return pull + push


def info_nce_loss(
    anchors: Tensor, others: Tensor, positive: Tensor, negative: Tensor, temperature: float
) -> Tensor:
    """Tell the positive of each anchor among its negatives by its direction.

    The mean over anchors of -log(e^(s_p/t) / (e^(s_p/t) + sum_n e^(s_n/t))), s the inner
    product of unit rows, p the positive, n the negatives.

    Parameters
    ----------
    anchors : Tensor of shape (m, e)
        Rows of length 1.
    others : Tensor of shape (l, e)
        Rows of length 1.
    positive, negative : bool Tensor of shape (m, l)
        One positive in each row; a pair may be neither.
    temperature : float
        Of similarities; small ones weigh the nearest negatives most.

    Returns
    -------
    Tensor
        A scalar.

    References
    ----------
    van den Oord et al., Representation learning with contrastive predictive coding, 2018,
    equation 4; Chen et al., SimCLR, ICML 2020, equation 1.
    """
    similarity = anchors @ others.T / temperature  # (m, l)
    considered = similarity.masked_fill(~(positive | negative), -torch.inf)
    of_positive = similarity.masked_fill(~positive, 0).sum(dim=1)
    return (considered.logsumexp(dim=1) - of_positive).mean()


def sees_images(image_shape: Sequence[int] | None, params: SiameseParams) -> bool:
    """Say whether the net sees images, through convolutions, in place of codes."""
    return image_shape is not None and bool(params.channels)


def train_siamese(
    features: Matrix,
    graph: csr_array,
    params: SiameseParams,
    *,
    seed: int,
    device: torch.device,
    image_shape: Sequence[int] | None = None,
    augment: RandomAffine | None = None,
    confirmed: csr_array | None = None,
    groups: NDArray[np.int64] | None = None,
    checkpoint: Checkpoint | None = None,
) -> tuple[Net, pd.DataFrame]:
    """Train a Siamese net to tell neighbours from others.

    With ``loss: contrastive`` (the paper's) distances of positive pairs shrink and those of
    negative pairs grow to a margin; each cluster collapses, with the wrong neighbours that it
    has. With ``loss: infonce`` only the order counts, which keeps clusters from collapsing.
    Positive pairs are edges, drawn in proportion to their weights: neighbours that the graph
    is sure of come often, doubtful ones seldom. (The paper takes the nearest neighbours of
    each point, all alike.) The negatives of a pair's first point, either end of the edge,
    are all points of the minibatch that are no neighbours of it and not told to belong with it.

    Parameters
    ----------
    features : ndarray or csr_array of shape (n, d)
    graph : csr_array of shape (n, n)
        Affinities. On images it pays to take them from another space: a net that sees pixels
        cannot repeat all mistakes of a graph of codes.
    params : SiameseParams
    seed : int
    device : torch.device
    image_shape : (int, int), optional
        Height and width, if the features are images: convolutions of `params.channels` then
        take the place of all but the last of the `params.hidden` layers.
    augment : RandomAffine, optional
        Changes both images of each pair, so that the metric learns to ignore such changes.
    confirmed : csr_array of shape (n, n), optional
        Those edges of the graph that make positive pairs (`spectralnet.metric.confirmed`), by
        default all of them.
    groups : ndarray of shape (n,), optional
        Of points that are told to belong together, -1 for others.
    checkpoint : Checkpoint, optional

    Returns
    -------
    embedder : Net
        Its Euclidean distances are the learned metric.
    history : DataFrame
        See `spectralnet.nets.training.train`; losses are those of `params.loss`.

    Raises
    ------
    ParameterError
        If every edge touches a held-out point.
    TrainingError
        If the training diverges; see `spectralnet.nets.training.train`.
    """
    images = image_shape if sees_images(image_shape, params) else None
    with seeded(seed):
        net = _make_net(features.shape[1], params, images).to(device)
    x, neighbourhoods = Points(features, device), Neighbourhoods(graph, device, groups)
    pairs = graph if confirmed is None else confirmed
    fitted, held_out = split_edges(pairs, hold_out(len(x), params.held_out, seed))

    def batch_of(edges: WeightedEdges, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        ends = edges.draw_directed(params.batch_size, generator)
        points = x[ends.reshape(-1)]  # (2m, d)
        return ends, share(augment(points, generator) if augment else points)

    def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
        ends, points = batch
        positive, negative = pair_masks(ends, neighbourhoods)
        with half_precision(device):
            z = net(points)
        z = gathered(z.float(), ends.numel())  # (2m, e)
        anchors = z[: ends.shape[1]]
        if params.loss == "infonce":
            return info_nce_loss(anchors, z, positive, negative, params.temperature)
        return contrastive_loss(anchors, z, positive, negative, params.margin)

    def batches(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        return (batch_of(fitted, generator) for _ in range(params.steps_per_epoch))

    def held_out_loss() -> float:
        generator = torch.Generator().manual_seed(seed)  # the same minibatches at every epoch
        unseen = (batch_of(held_out, generator) for _ in range(HELD_OUT_BATCHES))
        return mean_loss(loss(batch) for batch in unseen)

    history = train(
        net,
        params,
        batches=batches,
        n_batches=params.steps_per_epoch,
        loss=loss,
        held_out_loss=held_out_loss,
        seed=seed,
        name="siamese",
        checkpoint=checkpoint,
    )
    return net, history


def _make_net(n_features: int, params: SiameseParams, image_shape: Sequence[int] | None) -> Net:
    unit_rows = params.loss == "infonce"  # which sees directions only
    if image_shape is not None:
        sizes = [*params.hidden[-1:], params.embedding_size]
        return ConvNet(image_shape, params.channels, sizes, unit_rows)
    return MLP([n_features, *params.hidden, params.embedding_size], unit_rows=unit_rows)
