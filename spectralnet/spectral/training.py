"""The training of the spectral map, and its last layer."""

import warnings
from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.sparse import csr_array
from torch import Tensor, nn

from spectralnet.errors import TrainingError
from spectralnet.graph.affinity import GraphParams
from spectralnet.matrices import Matrix, Points, near_rows
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.devices import map_in_chunks, seeded
from spectralnet.nets.training import (
    HELD_OUT_BATCHES,
    BatchSize,
    LearningRate,
    TrainingParams,
    hold_out,
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

KEPT = 2**26  # weights of landmarks
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


class Trained(NamedTuple):
    """A spectral map, and what its training found."""

    spectral_map: SpectralMap
    eigenvalues: NDArray[np.float64]  # (c,), of the Laplacian that `sampler` estimates
    history: pd.DataFrame  # its losses are the sampler's, on edges of "auto"
    fitting: pd.DataFrame | None = None  # of least squares to exact eigenvectors, before that

    @property
    def rank(self) -> int:
        """How many of its c eigenvectors the last layer does not leave 0."""
        return int(self.spectral_map.output_weights.any(dim=0).sum())

    def distance(self, n_leading: int | None) -> tuple[float, float]:
        """Sum the leading eigenvalues, and all, which decide between level ones, such as zeros."""
        found = np.where(np.arange(len(self.eigenvalues)) < self.rank, self.eigenvalues, np.inf)
        return round(found[:n_leading].sum(), 6), found.sum()


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
    trained as the paper does, on edges. Of both, and where several numbers of landmarks are
    tried, the net is kept whose leading eigenvalues sum to less: none can sum to less than the
    graph's own (Fan, On a theorem of Weyl, 1949).

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
    c = params.n_components if start is None else max(params.n_components, start.sizes[-1])
    near, points = near_rows(x), Points(x, device)
    # What the net makes of an outlier it never saw may outweigh all other points in `finish`.
    held_out = hold_out(len(points), params.held_out, seed, among=near)
    given = Given(points, graph, held_out, params.batch_size, graph_params, c, seed)
    sampler = SAMPLERS[params.sampler].build(given)
    first = quick_eigenvectors(given) if (params.sampler, start) == ("auto", None) else None

    def train_one(net: SpectralMap, by: Sampler, part: SpectralNetParams, name: str) -> Trained:
        kept = checkpoint.part(name) if checkpoint else None
        return _train(net.to(device), x, graph, points, by, part, seed, kept)

    def train_anew(n_landmarks: int) -> Iterator[Trained]:
        sizes, more = [x.shape[1], *params.hidden, c], params.continued()
        if first and more.epochs < params.epochs:
            part = params.model_copy(update={"epochs": params.epochs - more.epochs})
            net = _untrained(sizes, n_landmarks, x, near, seed)
            try:
                fitted = train_one(net, first, part, f"{n_landmarks}-eigenvectors")
            except TrainingError:  # squares diverge at rates at which the quotient does not
                pass
            else:
                net = fitted.spectral_map.continued(c, seed)
                went_on = train_one(net, sampler, more, f"{n_landmarks}")
                yield fitted._replace(history=went_on.history, fitting=fitted.history)
                yield went_on._replace(fitting=fitted.history)
                return
        net = _untrained(sizes, n_landmarks, x, near, seed)
        yield train_one(net, sampler, params, f"{n_landmarks}")

    if start is not None:
        best = train_one(start.continued(c, seed), sampler, params, "continued")
    else:
        numbers = landmark_numbers(params.landmarks, x.shape[1])
        tried = (trained for n in numbers for trained in train_anew(n))
        best = min(tried, key=lambda trained: trained.distance(n_leading))
    if best.rank < c:
        warnings.warn(
            f"the net tells {best.rank} of {c} eigenvectors apart, others are left 0: there are "
            "few distinct points, or a column or a row of the input is far larger than others",
            stacklevel=2,
        )
    return best


def _untrained(
    sizes: list[int], n_landmarks: int, x: Matrix, near: NDArray[np.bool_], seed: int
) -> SpectralMap:
    with seeded(seed):
        net = SpectralMap(sizes, min(n_landmarks, x.shape[0]))
        net.fit_inputs(x, near, seed)
    return net


def _train(
    net: SpectralMap,
    x: Matrix,
    graph: csr_array,
    points: Points,
    sampler: Sampler,
    params: SpectralNetParams,
    seed: int,
    checkpoint: Checkpoint | None,
) -> Trained:
    name = "eigenvectors" if isinstance(sampler, EigenvectorSampler) else "spectralnet"
    device = net.output_weights.device
    kept = _landmark_weights(net, x, device)

    def outputs(rows: Tensor) -> Tensor:
        return net.outputs(points[rows], None if kept is None else kept[rows])

    def loss(batch: Tensor) -> Tensor:
        return sampler.loss(outputs, batch)

    def held_out_loss() -> float:
        generator = torch.Generator().manual_seed(seed)  # the same minibatches at every epoch
        batches = sampler.held_out_batches(generator, HELD_OUT_BATCHES)
        return mean_loss(loss(batch) for batch in batches)

    history = train(
        net,
        params,
        batches=lambda generator: sampler.batches(generator, params.steps_per_epoch),
        n_batches=params.steps_per_epoch,
        loss=loss,
        held_out_loss=held_out_loss,
        seed=seed,
        name=name,
        checkpoint=checkpoint,
    )
    return Trained(net, finish(net, x, graph, sampler.normalised, device), history)


def _landmark_weights(net: SpectralMap, x: Matrix, device: torch.device) -> Points | None:
    """Find the landmarks' weights once, before the training, unless they take too much memory."""
    if net.landmarks is None or x.shape[0] * net.n_landmarks > KEPT:
        return None
    return Points(map_in_chunks(nn.Sequential(net.standardise, net.landmarks), x, device), device)
