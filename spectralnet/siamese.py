"""The Siamese net: a metric learned from the graph's neighbours (Shaham et al. 2018, 3.2)."""

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from spectralnet.config import SiameseParams
from spectralnet.errors import ParameterError
from spectralnet.nets import MLP, seeded
from spectralnet.training import Checkpoint, hold_out, n_batches, shuffled_batches, train


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


def are_neighbours(rows: Tensor, columns: Tensor, neighbours: Tensor) -> Tensor:
    """Say which pairs of points are neighbours, whichever lists the other.

    Parameters
    ----------
    rows : int Tensor of shape (m,)
    columns : int Tensor of shape (l,)
    neighbours : int Tensor of shape (n, k)

    Returns
    -------
    bool Tensor of shape (m, l)
    """
    found = torch.zeros(len(rows), len(columns), dtype=torch.bool)
    for rank in range(neighbours.shape[1]):  # one rank at a time: O(ml) memory, not O(mlk)
        found |= neighbours[rows, rank, None] == columns
        found |= neighbours[columns, rank] == rows[:, None]
    return found


class PairSampler:
    """Draws minibatches of pairs.

    Each anchor comes with one positive, one of its `n_positives` nearest neighbours. Its
    negatives are all other points of the minibatch that are neither itself nor neighbours.

    Parameters
    ----------
    neighbours : ndarray of shape (n, k)
    n_positives : int
        At most k.
    held_out : bool ndarray of shape (n,)
        Points of which no pair is drawn for training. Splitting points, not pairs, keeps
        the held-out loss honest: each of its anchors is unseen.
    """

    def __init__(
        self, neighbours: NDArray[np.int32], n_positives: int, held_out: NDArray[np.bool_]
    ) -> None:
        self.neighbours = torch.from_numpy(np.asarray(neighbours)).long()
        anchors = np.repeat(np.arange(len(neighbours)), n_positives)
        positives = neighbours[:, :n_positives].ravel()
        pairs = torch.from_numpy(np.stack([anchors, positives], axis=1)).long()  # (n p, 2)
        unseen = torch.from_numpy(held_out)
        self.fitted = pairs[~unseen[pairs].any(dim=1)]
        self.held_out = pairs[unseen[pairs[:, 0]]]
        if len(self.fitted) == 0:
            raise ParameterError(
                "no pairs of neighbours are left to fit: lower siamese.held_out, or fit more "
                "points (`limit`)"
            )

    def masks(self, pairs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Turn pairs into points and masks.

        Parameters
        ----------
        pairs : int Tensor of shape (m, 2)

        Returns
        -------
        points : int Tensor of shape (2m,)
            Anchors, then positives.
        positive, negative : bool Tensor of shape (m, 2m)
        """
        m = len(pairs)
        anchors, points = pairs[:, 0], pairs.T.reshape(-1)
        positive = torch.cat([torch.zeros(m, m), torch.eye(m)], dim=1).bool()
        same = anchors[:, None] == points
        return points, positive, ~(same | are_neighbours(anchors, points, self.neighbours))


def train_siamese(
    features: NDArray[np.float32],
    neighbours: NDArray[np.int32],
    params: SiameseParams,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
) -> tuple[MLP, pd.DataFrame]:
    """Train a Siamese net to tell neighbours from others.

    Parameters
    ----------
    features : ndarray of shape (n, d)
    neighbours : ndarray of shape (n, k)
        Nearest first.
    params : SiameseParams
    seed : int
    device : torch.device
    checkpoint : Checkpoint, optional

    Returns
    -------
    embedder : MLP
        Its Euclidean distances are the learned metric.
    history : DataFrame
        See `spectralnet.training.train`; losses are contrastive.
    """
    with seeded(seed):
        net = MLP([features.shape[1], *params.hidden, params.embedding_size]).to(device)
    x = torch.from_numpy(np.asarray(features))
    sampler = PairSampler(neighbours, params.n_positives, hold_out(len(x), params.held_out, seed))

    def loss(pairs: Tensor) -> Tensor:
        points, positive, negative = sampler.masks(pairs)
        z = net(x[points].to(device))  # (2m, e)
        masks = positive.to(device), negative.to(device)
        return contrastive_loss(z[: len(pairs)], z, *masks, params.margin)

    def batches(generator: torch.Generator) -> list[Tensor]:
        order = torch.arange(len(sampler.fitted))
        rows = shuffled_batches(order, params.batch_size, generator)
        return [sampler.fitted[batch] for batch in rows]

    # The same minibatches at every epoch; in ascending order an anchor would meet its own pairs.
    shuffled = torch.randperm(len(sampler.held_out), generator=torch.Generator().manual_seed(seed))
    held_out = sampler.held_out[shuffled].split(params.batch_size)

    def held_out_loss() -> float:
        return float(np.mean([loss(pairs).item() for pairs in held_out]))

    history = train(
        net,
        params,
        batches=batches,
        n_batches=n_batches(len(sampler.fitted), params.batch_size),
        loss=loss,
        held_out_loss=held_out_loss,
        seed=seed,
        name="siamese",
        checkpoint=checkpoint,
    )
    return net, history
