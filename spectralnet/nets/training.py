"""The one training loop: seed, held-out loss, one-cycle rate, early stopping, checkpoint."""

import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from itertools import islice
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
from pydantic import Field
from torch import Tensor, nn

from spectralnet.errors import TrainingError
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.distributed import average_gradients, from_first
from spectralnet.nets.optimisers import OPTIMISERS
from spectralnet.nets.stopping import stop_requests
from spectralnet.parameters import Block, Count, Number, Positive, one_of
from spectralnet.progress import epochs_of

BatchSize = Annotated[Count, Field(ge=2, le=10**6)]
LearningRate = Annotated[Positive, Field(le=100)]
OptimiserName = Annotated[str, one_of(OPTIMISERS)]

WARM_UP = 0.3  # part of the cycle in which the rate rises
HELD_OUT_BATCHES = 20  # drawn for a held-out loss, where points come in pairs


class TrainingParams(Block):
    """What every trainer needs."""

    epochs: Count
    batch_size: BatchSize
    learning_rate: LearningRate = 0.001
    optimiser: OptimiserName = "adam"
    patience: Count = 10
    held_out: Annotated[Number, Field(gt=0, le=0.5)] = 0.1


def train(
    net: nn.Module,
    params: TrainingParams,
    *,
    batches: Callable[[torch.Generator], Iterable[Any]],
    n_batches: int,
    loss: Callable[[Any], Tensor],
    held_out_loss: Callable[[], float],
    seed: int,
    name: str,
    enough: float = -np.inf,
    checkpoint: Checkpoint | None = None,
) -> pd.DataFrame:
    """Train a net, and leave it with the weights of the least held-out loss.

    Parameters
    ----------
    net : nn.Module
        Trained in place.
    params : TrainingParams
        `learning_rate` is the peak of one cycle over `epochs`. Once it is past,
        training stops after `patience` epochs without a smaller held-out loss.
    batches : callable
        Draws the minibatches of one epoch with the generator it is given, and nothing else:
        an epoch that was cut off draws those that were seen once more.
    n_batches : int
        How many those are.
    loss : callable
        The loss of a minibatch, a scalar with a gradient: of all of it, where processes share
        it by `spectralnet.nets.distributed`.
    held_out_loss : callable
        Called after each epoch, in evaluation mode and without gradients.
    seed : int
    name : str
        Of the progress bar, and for whoever watches: see `spectralnet.progress.epochs_of`.
    enough : float, default=-inf
        Training stops after an epoch whose losses are both no larger.
    checkpoint : Checkpoint, optional
        Written after the step or epoch at which it is due, and read before the first: a
        killed training goes on. The caller discards it when the result is safe.

    Returns
    -------
    DataFrame
        One row an epoch: `epoch`, `loss`, `held_out_loss`, `learning_rate`, `seconds`.

    Raises
    ------
    TrainingError
        If the loss is no finite number.
    """
    generator = torch.Generator().manual_seed(seed)
    loop = _Loop(net, params, n_batches, generator, enough)
    if checkpoint and (saved := checkpoint.load()):
        loop.load_state_dict(saved)

    def keep() -> None:
        if checkpoint and (loop.finished or checkpoint.is_due()):
            checkpoint.save(loop.state_dict())

    waiting = stop_requests.at_steps() if checkpoint else nullcontext()
    with waiting, epochs_of(name, params.epochs, len(loop.history)) as begin_epoch:
        stop = False
        while not (loop.finished or stop):
            end_epoch = begin_epoch()
            stop = end_epoch(loop.run_epoch(batches, loss, held_out_loss, keep))
            keep()
    net.load_state_dict(loop.best_weights)
    net.eval()
    return pd.DataFrame(loop.history)


class _Loop:
    """Everything that a step changes, so that it can be saved and restored."""

    def __init__(
        self,
        net: nn.Module,
        params: TrainingParams,
        n_batches: int,
        generator: torch.Generator,
        enough: float,
    ) -> None:
        self.net, self.params, self.generator, self.enough = net, params, generator, enough
        self.optimizer = OPTIMISERS[params.optimiser](net.parameters(), params.learning_rate)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            params.learning_rate,
            total_steps=max(2, params.epochs * n_batches),  # a cycle of one begins at its end
            pct_start=WARM_UP,
        )
        self.history: list[dict[str, float]] = []
        self.best_weights: dict[str, Tensor] = {}
        self.best_epoch = 0
        self.begin_epoch()

    def begin_epoch(self) -> None:
        self.epoch: dict[str, Any] = {
            "drawn_from": self.generator.get_state(),
            "learning_rate": float(self.schedule.get_last_lr()[0]),
            "steps": 0,
            # Losses kept apart would lie between the freed minibatches and keep the heap large.
            "total": torch.zeros((), device=next(self.net.parameters()).device),
            "seconds": 0.0,
        }

    @property
    def finished(self) -> bool:
        epoch = len(self.history)
        # On the way up to the peak a rising loss says nothing: the low rates are still to come.
        waited = epoch - max(self.best_epoch, round(WARM_UP * self.params.epochs))
        over = epoch >= self.params.epochs or waited >= self.params.patience
        return over or any(
            max(last["loss"], last["held_out_loss"]) <= self.enough for last in self.history[-1:]
        )

    def run_epoch(
        self,
        batches: Callable[[torch.Generator], Iterable[Any]],
        loss: Callable[[Any], Tensor],
        held_out_loss: Callable[[], float],
        after_step: Callable[[], None],
    ) -> dict[str, float]:
        epoch = self.epoch
        started = time.perf_counter() - epoch["seconds"]
        self.generator.set_state(epoch["drawn_from"])
        self.net.train()
        for batch in islice(batches(self.generator), epoch["steps"], None):
            epoch["total"] += self._step(loss(batch))
            epoch["steps"] += 1
            epoch["seconds"] = time.perf_counter() - started
            after_step()
        self.net.eval()
        with torch.no_grad():
            held_out = from_first(held_out_loss())
        row = {
            "epoch": len(self.history) + 1,
            "loss": float(epoch["total"] / epoch["steps"]),
            "held_out_loss": held_out,
            "learning_rate": epoch["learning_rate"],
            "seconds": time.perf_counter() - started,
        }
        if not np.isfinite([row["loss"], held_out]).all():
            raise TrainingError(
                f"loss {row['loss']}, held-out loss {held_out} in epoch {row['epoch']}: "
                f"lower the learning_rate ({self.params.learning_rate})"
            )
        best = min((past["held_out_loss"] for past in self.history), default=np.inf)
        self.history.append(row)
        if held_out < best:
            self.best_epoch = len(self.history)
            self.best_weights = {k: v.clone() for k, v in self.net.state_dict().items()}
        self.begin_epoch()
        return row

    def _step(self, loss: Tensor) -> Tensor:
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        average_gradients(self.net)
        self.optimizer.step()
        self.schedule.step()
        return loss.detach()

    def state_dict(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "epoch": self.epoch,
            "history": self.history,
            "best_weights": self.best_weights,
            "best_epoch": self.best_epoch,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.epoch = state["epoch"]
        self.epoch["total"] = self.epoch["total"].to(next(self.net.parameters()).device)
        self.history = state["history"]
        self.best_weights = state["best_weights"]
        self.best_epoch = state["best_epoch"]


def mean_loss(losses: Iterable[Tensor]) -> float:
    """Average the losses of minibatches, scalars, which leave their device together."""
    return float(np.mean(torch.stack(list(losses)).tolist()))
