"""The training of the spectral map, and its last layer."""

import warnings
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.sparse import csr_array
from torch import Tensor, nn

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
from spectralnet.spectral.landmarks import landmark_numbers
from spectralnet.spectral.laplacian import rayleigh_ritz
from spectralnet.spectral.map import SpectralMap
from spectralnet.spectral.samplers import SAMPLERS, Given

KEPT = 2**26  # weights of landmarks
SURPLUS = 6  # eigenvectors beyond as many as clusters


def candidate_components(n_clusters: int) -> int:
    """Return how many eigenvectors to learn."""
    return n_clusters + SURPLUS


class SpectralNetParams(TrainingParams):
    """The spectral net d-`hidden`-`n_components` and its minibatches."""

    hidden: Widths = [256, 256]
    n_components: Count
    landmarks: Annotated[int, Field(ge=0, le=10**4)] | Literal["auto"] = "auto"
    sampler: Annotated[str, one_of(SAMPLERS)] = "edges"
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


class Trained(NamedTuple):
    """A spectral map, and what its training found."""

    spectral_map: SpectralMap
    eigenvalues: NDArray[np.float64]  # (c,), of the Laplacian that `sampler` estimates
    history: pd.DataFrame  # its losses estimate the Rayleigh quotient

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

    Where several numbers of landmarks are tried, the net is kept whose leading eigenvalues sum
    to less: none can sum to less than the graph's own (Fan, On a theorem of Weyl, 1949).

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
    near = near_rows(x)

    def train_one(net: SpectralMap, checkpoint: Checkpoint | None) -> Trained:
        return _train(net.to(device), x, near, graph, params, graph_params, seed, checkpoint)

    if start is not None:
        best = train_one(start.continued(params.n_components), checkpoint)
    else:
        sizes = [x.shape[1], *params.hidden, params.n_components]
        numbers = landmark_numbers(params.landmarks, x.shape[1])
        tried = (
            train_one(_untrained(sizes, n, x, near, seed), checkpoint and checkpoint.part(f"{n}"))
            for n in numbers
        )
        best = min(tried, key=lambda trained: trained.distance(n_leading))
    if best.rank < (c := len(best.eigenvalues)):
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
    near: NDArray[np.bool_],
    graph: csr_array,
    params: SpectralNetParams,
    graph_params: GraphParams,
    seed: int,
    checkpoint: Checkpoint | None,
) -> Trained:
    device = net.output_weights.device
    points = Points(x, device)
    # What the net makes of an outlier it never saw may outweigh all other points in `finish`.
    held_out = hold_out(len(points), params.held_out, seed, among=near)
    given = Given(points, graph, held_out, params.batch_size, graph_params)
    sampler = SAMPLERS[params.sampler].build(given)

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
        name="spectralnet",
        checkpoint=checkpoint,
    )
    return Trained(net, finish(net, x, graph, sampler.normalised, device), history)


def _landmark_weights(net: SpectralMap, x: Matrix, device: torch.device) -> Points | None:
    """Find the landmarks' weights once, before the training, unless they take too much memory."""
    if net.landmarks is None or x.shape[0] * net.n_landmarks > KEPT:
        return None
    return Points(map_in_chunks(nn.Sequential(net.standardise, net.landmarks), x, device), device)


def finish(
    net: SpectralMap, x: Matrix, graph: csr_array, normalised: bool, device: torch.device
) -> NDArray[np.float64]:
    """Set the last layer, once, so that the outputs are orthonormal eigenvectors.

    Minibatches set it anew in every step of the training; here all points of the graph
    do, and Rayleigh-Ritz turns the basis they span into eigenvectors.

    Parameters
    ----------
    net : SpectralMap
        Changed in place.
    x : ndarray or csr_array of shape (n, d)
    graph : csr_array of shape (n, n)
    normalised : bool
        See `spectralnet.spectral.laplacian.rayleigh_ritz`.
    device : torch.device

    Returns
    -------
    ndarray of shape (c,)
        The eigenvalues, ascending. Where the outputs span r < c dimensions, the last c - r
        eigenvectors are 0, their eigenvalues those of the last that there is.

    Raises
    ------
    TrainingError
        If the net maps all points to one.
    """
    c = len(net.output_weights)
    net.output_weights.copy_(torch.eye(c))
    rotation, eigenvalues = rayleigh_ritz(map_in_chunks(net, x, device), graph, normalised)
    lost = c - len(eigenvalues)
    weights = torch.from_numpy(np.pad(rotation, [(0, 0), (0, lost)]))
    net.output_weights.copy_(weights.to(net.output_weights.dtype))
    return np.pad(eigenvalues, (0, lost), mode="edge")
