"""Deep embedded clustering: the training of DEC (Xie et al., ICML 2016)."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
from pydantic import Field
from torch import Tensor

from spectralnet.checks import warn_of_empty
from spectralnet.clusters.kmeans import Assignment, fit_centroids
from spectralnet.errors import TrainingError
from spectralnet.matrices import Matrix, Points
from spectralnet.membership.stability import centroid_repeats, fit_membership
from spectralnet.methods.dec.model import DECModel, divergence, soft_assignment
from spectralnet.nets.batches import n_batches, shuffled_batches
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.devices import half_precision, map_in_chunks
from spectralnet.nets.distributed import average_gradients, averaged, from_first, share
from spectralnet.nets.net import Net
from spectralnet.nets.optimisers import OPTIMISERS
from spectralnet.nets.stopping import stop_requests
from spectralnet.nets.training import BatchSize, LearningRate, OptimiserName
from spectralnet.parameters import Block, Count, Fraction, Positive
from spectralnet.progress import epochs_of

N_NEIGHBOURS = 20  # that outliers are told by
RESTARTS = 20  # of k-means, as in the paper


class DECParams(Block):
    """DEC's clustering phase.

    A target distribution serves `update_interval` passes over the data. The training ends
    once fewer than the part `tol` of the points change cluster, or after `epochs` passes.
    """

    epochs: Count = 60
    batch_size: BatchSize = 256
    learning_rate: LearningRate = 0.01
    optimiser: OptimiserName = "sgd"
    update_interval: Annotated[Positive, Field(le=100)] = 0.5
    tol: Fraction = 0.001


def train_dec(
    features: Matrix,
    encoder: Net,
    n_clusters: int,
    params: DECParams,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
) -> tuple[DECModel, Assignment, pd.DataFrame]:
    """Move codes towards their centroids until the clusters stand still.

    Not by `spectralnet.nets.training.train`: the target moves with the net, so that losses of
    different rounds cannot be compared, and the end is when clusters change no more.

    Parameters
    ----------
    features : ndarray or csr_array of shape (n, d)
        float32.
    encoder : Net
        Of a trained autoencoder. Trained in place.
    n_clusters : int
    params : DECParams
    seed : int
    device : torch.device
    checkpoint : Checkpoint, optional

    Returns
    -------
    model : DECModel
    assigned : Assignment
        Of the points, with probabilities and outlier scores.
    history : DataFrame
        One row a round, from one target distribution to the next: `epoch`, the round;
        `loss`; `changed`, the part of the points whose cluster it changed; `seconds`.

    Raises
    ------
    TrainingError
        If the loss is no finite number.

    References
    ----------
    Xie et al., Unsupervised deep embedding for clustering analysis, ICML 2016, section 3.1.
    """
    codes = map_in_chunks(encoder, features, device)
    centroids = fit_centroids(codes, n_clusters, seed, restarts=RESTARTS)
    model = DECModel(encoder, torch.from_numpy(centroids)).to(device).requires_grad_(True)
    rounds = _Rounds(model, features, params, seed, device)
    if checkpoint and (saved := checkpoint.load()):
        rounds.load_state_dict(saved)

    def keep() -> None:
        if checkpoint and (rounds.finished or checkpoint.is_due()):
            checkpoint.save(rounds.state_dict())

    waiting = stop_requests.at_steps() if checkpoint else nullcontext()
    with waiting, epochs_of("dec", rounds.most, len(rounds.history)) as begin_round:
        stop = False
        while not (rounds.finished or stop):
            end_round = begin_round()
            stop = end_round(rounds.run(keep))
            keep()
    warn_of_empty(rounds.clusters.cpu().numpy(), n_clusters)
    model.eval().requires_grad_(False).cpu()
    assigned = model.assign(features, device)
    codes, centroids = assigned.embedding, model.centroids.cpu().numpy()
    repeat = centroid_repeats(codes, n_clusters)
    model.membership, assigned = fit_membership(
        assigned, codes, centroids, codes, repeat, N_NEIGHBOURS, seed
    )
    return model, assigned, pd.DataFrame(rounds.history)


class _Rounds:
    """Everything that a step changes, so that it can be saved and restored."""

    def __init__(
        self, model: DECModel, features: Matrix, params: DECParams, seed: int, device: torch.device
    ) -> None:
        self.model, self.features, self.params, self.device = model, features, params, device
        self.points = Points(features, device)
        self.generator = torch.Generator().manual_seed(seed)
        self.optimizer = OPTIMISERS[params.optimiser](model.parameters(), params.learning_rate)
        n = len(self.points)  # `tol` is a part of all: so a pass is one over all
        a_pass = n_batches(n, params.batch_size, most=n)
        self.batches_a_round = max(1, round(params.update_interval * a_pass))
        self.most = max(1, round(params.epochs * a_pass / self.batches_a_round))
        self.history: list[dict[str, float]] = []
        self._aim()

    @property
    def finished(self) -> bool:
        done = len(self.history)
        return done >= self.most or (done > 0 and self.history[-1]["changed"] < self.params.tol)

    def _aim(self) -> None:
        self.target, q = self.model.distributions(self.features, self.device)  # (n, k) each
        self.clusters = q.argmax(dim=1)  # (n,)
        self.drawn_from, self.losses, self.seconds = self.generator.get_state(), list[Tensor](), 0.0

    def run(self, after_step: Callable[[], None]) -> dict[str, float]:
        started, before = time.perf_counter() - self.seconds, self.clusters
        self.generator.set_state(self.drawn_from)
        self.model.train()
        for rows in self._batches()[len(self.losses) :]:
            self.losses.append(self._step(rows))
            self.seconds = time.perf_counter() - started
            after_step()
        loss = float(torch.stack(self.losses).mean())
        self._aim()
        row = {
            "epoch": len(self.history) + 1,
            "loss": loss,
            "changed": from_first(float((self.clusters != before).float().mean())),
            "seconds": time.perf_counter() - started,
        }
        if not np.isfinite(row["loss"]):
            raise TrainingError(
                f"loss {row['loss']} in round {row['epoch']}: lower dec.learning_rate "
                f"({self.params.learning_rate})"
            )
        self.history.append(row)
        return row

    def _batches(self) -> list[Tensor]:
        """Draw as many minibatches as one target serves, from one shuffled pass or more."""
        rows, drawn = torch.arange(len(self.points)), list[Tensor]()
        while len(drawn) < self.batches_a_round:
            drawn += shuffled_batches(rows, self.params.batch_size, self.generator, most=len(rows))
        return drawn[: self.batches_a_round]

    def _step(self, rows: Tensor) -> Tensor:
        rows = share(rows).to(self.device)
        with half_precision(self.device):
            codes = self.model(self.points[rows])  # (m, c)
        q = soft_assignment(codes.float(), self.model.centroids)  # (m, k)
        loss = averaged(divergence(self.target[rows], q), len(rows))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        average_gradients(self.model)
        self.optimizer.step()
        return loss.detach()

    def state_dict(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "target": self.target,
            "clusters": self.clusters,
            "drawn_from": self.drawn_from,
            "losses": self.losses,
            "seconds": self.seconds,
            "history": self.history,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.target = state["target"].to(self.device)
        self.clusters = state["clusters"].to(self.device)
        self.losses = [loss.to(self.device) for loss in state["losses"]]
        self.drawn_from, self.seconds = state["drawn_from"], state["seconds"]
        self.history = state["history"]
