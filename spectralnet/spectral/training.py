"""The training of the spectral map, and its last layer."""

import warnings
from collections.abc import Iterator
from typing import Annotated, Literal, Self

import numpy as np
import torch
from pydantic import Field, model_validator
from scipy.sparse import csr_array
from torch import Tensor, nn

from spectralnet.errors import TrainingError
from spectralnet.graph.affinity import GraphParams
from spectralnet.matrices import Matrix, Points, near_rows
from spectralnet.nets.batches import hold_out
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.devices import map_in_chunks, seeded
from spectralnet.nets.training import (
    HELD_OUT_BATCHES,
    BatchSize,
    LearningRate,
    TrainingParams,
    mean_loss,
    train,
)
from spectralnet.parameters import Count, Widths, one_of
from spectralnet.spectral.eigenvector_sampler import EigenvectorSampler, quick_eigenvectors
from spectralnet.spectral.landmarks import landmark_numbers
from spectralnet.spectral.last_layer import finish
from spectralnet.spectral.map import SpectralMap
from spectralnet.spectral.samplers import SAMPLERS
from spectralnet.spectral.sampling import Given, Sampler
from spectralnet.spectral.trained import Trained

KEPT = 2**26  # weights of landmarks
NEAR = 0.0005  # mean squared distance to an exact eigenvector, whose mean square is 1
NEAR_MOST = 0.05  # in the sum over many, so that none is far off
CONTINUED = 0.25  # of the epochs, for a net that goes on from weights which are near
RATE = 0.3  # of the peak rate
SURPLUS = 6  # eigenvectors beyond as many as clusters


def candidate_components(n_clusters: int) -> int:
    """Return how many eigenvectors to learn."""
    return n_clusters + SURPLUS


class SpectralNetParams(TrainingParams):
    """The spectral net d-`hidden`-`n_components` and its minibatches."""

    hidden: Widths = [256, 256]
    n_components: Count
    landmarks: Annotated[int, Field(ge=0, le=10**4)] | Literal["auto"] = "auto"
    sampler: Annotated[str, one_of(SAMPLERS)] = "auto"
    epochs: Count = 40
    steps_per_epoch: Count = 100
    batch_size: BatchSize = 256
    learning_rate: LearningRate = 0.003

    @model_validator(mode="after")
    def _a_batch_spans_the_components(self) -> "SpectralNetParams":
        if self.batch_size < self.n_components:
            raise ValueError(
                f"batch_size = {self.batch_size} has to be at least "
                f"n_components = {self.n_components}"
            )
        return self

    def continued(self) -> Self:
        """Return what a training takes that goes on from weights which are near."""
        shorter = {
            "epochs": max(1, round(CONTINUED * self.epochs)),
            "learning_rate": RATE * self.learning_rate,
        }
        return self.model_copy(update=shorter)


def learned_components(params: SpectralNetParams, start: SpectralMap | None) -> int:
    """Return how many eigenvectors a training learns: no fewer than the map it goes on from."""
    return params.n_components if start is None else max(params.n_components, start.sizes[-1])


def train_spectral_map(
    x: Matrix,
    graph: csr_array,
    params: SpectralNetParams,
    graph_params: GraphParams,
    *,
    seed: int,
    device: torch.device,
    n_leading: int | None = None,
    checkpoint: Checkpoint | None = None,
    start: SpectralMap | None = None,
) -> Trained:
    """Train a net into the space of the first eigenvectors of a graph.

    With the "auto" sampler the net is first fitted to the graph's exact eigenvectors, by least
    squares over three quarters of the epochs, where `quick_eigenvectors` finds these, and then
    trained as the paper does, on edges: for one epoch if it is `NEAR` them before that. Of both,
    and of several numbers of landmarks, as many as are tried until one leads near, the net is
    kept whose leading eigenvalues sum to less: none can sum to less than the graph's own (Fan,
    On a theorem of Weyl, 1949).

    Parameters
    ----------
    x : ndarray or csr_array of shape (n, d)
        The net's inputs, one row a node of the graph: the embedding whose distances made
        the graph, or their part of it. The paper feeds the codes also where the Siamese net
        makes the graph; its embedding is the easier input, being closer to the eigenspace.
    graph : csr_array of shape (n, n)
        Affinities.
    params : SpectralNetParams
    graph_params : GraphParams
        Used by the "batch" sampler.
    seed : int
    device : torch.device
    n_leading : int, optional
        How many eigenvectors count most: as many as clusters. By default all.
    checkpoint : Checkpoint, optional
    start : SpectralMap, optional
        One whose weights to go on from; its sizes and its scale of inputs stay, and so does it.

    Returns
    -------
    Trained

    Raises
    ------
    ParameterError
        If every edge touches a held-out point.
    TrainingError
        If the training diverges, or the net maps all points to one.
    """
    c = learned_components(params, start)
    trainer = _Trainer(x, graph, params, graph_params, c, seed, device, checkpoint)
    if start is not None:
        net = start.continued(c, seed)
        best = trainer.train(net, trainer.sampler, params, "continued")
    else:
        first = quick_eigenvectors(trainer.given) if params.sampler == "auto" else None
        tried: list[Trained] = []
        for n in landmark_numbers(params.landmarks, x.shape[1]):
            tried += trainer.train_anew(n, first)
            if tried[-1].is_near:
                break
        best = min(tried, key=lambda trained: trained.distance(n_leading))
    if best.rank < c:
        warnings.warn(
            f"the net tells {best.rank} of {c} eigenvectors apart, others are left 0: there are "
            "few distinct points, or a column or a row of the input is far larger than others",
            stacklevel=2,
        )
    return best


class _Trainer:
    """Trains spectral maps on the same points."""

    def __init__(
        self,
        x: Matrix,
        graph: csr_array,
        params: SpectralNetParams,
        graph_params: GraphParams,
        n_components: int,
        seed: int,
        device: torch.device,
        checkpoint: Checkpoint | None,
    ) -> None:
        self.x, self.graph, self.params = x, graph, params
        self.seed, self.device, self.checkpoint = seed, device, checkpoint
        self.near, self.points = near_rows(x), Points(x, device)
        # What the net makes of an outlier it never saw may outweigh all other points in `finish`.
        held_out = hold_out(len(self.points), params.held_out, seed, among=self.near)
        self.given = Given(
            self.points, graph, held_out, params.batch_size, graph_params, n_components, seed
        )
        self.sampler = SAMPLERS[params.sampler].build(self.given)

    def train_anew(self, n_landmarks: int, first: EigenvectorSampler | None) -> Iterator[Trained]:
        """Train from random weights, and `first` on exact eigenvectors: the net, or both nets."""
        params, more = self.params, self.params.continued()
        if first and (n_first := params.epochs - more.epochs):
            part, net = params.model_copy(update={"epochs": n_first}), self._untrained(n_landmarks)
            try:
                fitted = self.train(net, first, part, f"{n_landmarks}-eigenvectors")
            except TrainingError:  # squares diverge at rates at which the quotient does not
                pass
            else:
                net = fitted.spectral_map.continued(self.given.n_components, self.seed)
                more = more.model_copy(update={"epochs": 1} if fitted.is_near else {})
                went_on = self.train(net, self.sampler, more, f"{n_landmarks}")
                yield fitted._replace(history=went_on.history, fitting=fitted.history)
                yield went_on._replace(is_near=fitted.is_near, fitting=fitted.history)
                return
        yield self.train(self._untrained(n_landmarks), self.sampler, params, f"{n_landmarks}")

    def train(
        self, net: SpectralMap, sampler: Sampler, params: SpectralNetParams, part: str
    ) -> Trained:
        """Train a net on minibatches of a sampler, with the part of the checkpoint of this name."""
        net, points = net.to(self.device), self.points
        kept = _landmark_weights(net, self.x, self.device)

        def outputs(rows: Tensor) -> Tensor:
            return net.outputs(points[rows], None if kept is None else kept[rows])

        def held_out_loss() -> float:
            generator = torch.Generator().manual_seed(self.seed)  # the same ones at every epoch
            batches = sampler.held_out_batches(generator, HELD_OUT_BATCHES)
            return mean_loss(sampler.loss(outputs, batch) for batch in batches)

        fits = isinstance(sampler, EigenvectorSampler)
        enough = min(NEAR * net.sizes[-1], NEAR_MOST) if fits else -np.inf
        history = train(
            net,
            params,
            batches=lambda generator: sampler.batches(generator, params.steps_per_epoch),
            n_batches=params.steps_per_epoch,
            loss=lambda batch: sampler.loss(outputs, batch),
            held_out_loss=held_out_loss,
            seed=self.seed,
            name="eigenvectors" if fits else "spectralnet",
            enough=enough,
            checkpoint=self.checkpoint and self.checkpoint.part(part),
        )
        values = finish(net, self.x, self.graph, sampler.normalised, self.device)
        last = history[["loss", "held_out_loss"]].iloc[-1].max()
        return Trained(net, values, history, is_near=bool(last <= enough))

    def _untrained(self, n_landmarks: int) -> SpectralMap:
        sizes = [self.x.shape[1], *self.params.hidden, self.given.n_components]
        with seeded(self.seed):
            net = SpectralMap(sizes, min(n_landmarks, self.x.shape[0]))
            net.fit_inputs(self.x, self.near, self.seed)
        return net


def _landmark_weights(net: SpectralMap, x: Matrix, device: torch.device) -> Points | None:
    """Find the landmarks' weights once, before the training, unless they take too much memory."""
    if net.landmarks is None or x.shape[0] * net.n_landmarks > KEPT:
        return None
    return Points(map_in_chunks(nn.Sequential(net.standardise, net.landmarks), x, device), device)
