"""The training of the spectral map, and its last layer."""

from collections.abc import Callable
from typing import cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn

from spectralnet.laplacian import rayleigh_ritz
from spectralnet.matrices import Matrix, Points
from spectralnet.nets import map_in_chunks, seeded
from spectralnet.parameters import GraphParams, SpectralNetParams
from spectralnet.samplers import BatchSampler, EdgeSampler, Sampler
from spectralnet.spectral_map import SpectralMap
from spectralnet.training import HELD_OUT_BATCHES, Checkpoint, hold_out, train


def train_spectral_map(
    x: Matrix,
    graph: csr_array,
    params: SpectralNetParams,
    graph_params: GraphParams,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
) -> tuple[SpectralMap, NDArray[np.float64], pd.DataFrame]:
    """Train a net into the space of the first eigenvectors of a graph.

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
    checkpoint : Checkpoint, optional

    Returns
    -------
    spectral_map : SpectralMap
    eigenvalues : ndarray of shape (c,)
        Of the normalised Laplacian with the "edges" sampler, of the unnormalised one with
        "batch".
    history : DataFrame
        See `spectralnet.training.train`; losses estimate the sampler's Rayleigh quotient.
    """
    with seeded(seed):
        net = SpectralMap([x.shape[1], *params.hidden, params.n_components]).to(device)
    net.standardise.fit(x)
    points = Points(x, device)
    held_out = hold_out(len(points), params.held_out, seed)
    sampler = make_sampler(points, graph, held_out, params, graph_params)

    def loss(batch: Tensor) -> Tensor:
        return sampler.loss(lambda indices: net.outputs(points[indices]), batch)

    def held_out_loss() -> float:
        generator = torch.Generator().manual_seed(seed)  # the same minibatches at every epoch
        batches = sampler.held_out_batches(generator, HELD_OUT_BATCHES)
        return float(np.mean([loss(batch).item() for batch in batches]))

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
    solve_last_layer(net, x, graph, held_out, sampler.normalised, held_out_loss, device)
    return net, finish(net, x, graph, sampler.normalised, device), history


@torch.no_grad()
def solve_last_layer(
    net: SpectralMap,
    x: Matrix,
    graph: csr_array,
    held_out: NDArray[np.bool_],
    normalised: bool,
    held_out_loss: Callable[[], float],
    device: torch.device,
) -> None:
    """Solve for the last trained layer in closed form, given what lies before it.

    It is linear, so the best outputs that it can have on the fitted part of the graph are Ritz
    vectors, where minibatches only come near. They stay if the held-out loss falls by it: where
    points are few, the layer may fit them too well.

    Parameters
    ----------
    net : SpectralMap
        Changed in place.
    x : ndarray or csr_array of shape (n, d)
    graph : csr_array of shape (n, n)
    held_out : bool ndarray of shape (n,)
    normalised : bool
        See `spectralnet.laplacian.rayleigh_ritz`.
    held_out_loss : callable
    device : torch.device
    """
    last = cast(nn.Linear, net.mlp[-1])
    trained = {name: weights.clone() for name, weights in last.state_dict().items()}
    before = held_out_loss()
    hidden = map_in_chunks(net.hidden, x, device)[~held_out]  # (n_fitted, h)
    basis = np.concatenate([hidden, np.ones((len(hidden), 1))], axis=1)
    part = csr_array(graph[~held_out][:, ~held_out])
    solution, _ = rayleigh_ritz(basis, part, normalised, len(last.bias))
    weights = torch.from_numpy(solution.T).to(last.weight)  # (c, h + 1)
    last.load_state_dict({"weight": weights[:, :-1], "bias": weights[:, -1]})
    if held_out_loss() >= before:
        last.load_state_dict(trained)


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
        See `spectralnet.laplacian.rayleigh_ritz`.
    device : torch.device

    Returns
    -------
    ndarray of shape (c,)
        The eigenvalues, ascending.
    """
    net.output_weights.copy_(torch.eye(len(net.output_weights)))
    rotation, eigenvalues = rayleigh_ritz(map_in_chunks(net, x, device), graph, normalised)
    net.output_weights.copy_(torch.from_numpy(rotation))
    return eigenvalues


def make_sampler(
    points: Points,
    graph: csr_array,
    held_out: NDArray[np.bool_],
    params: SpectralNetParams,
    graph_params: GraphParams,
) -> Sampler:
    """Build the sampler that `params` names."""
    if params.sampler == "edges":
        return EdgeSampler(graph, held_out, params.batch_size)
    return BatchSampler(points, held_out, params.batch_size, graph_params)
