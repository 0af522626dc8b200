"""From points in a space to an affinity: a graph, and the nets that lead to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_array

from spectralnet.graph.affinity import (
    GraphParams,
    describe_graph,
    directed_affinity,
    neighbour_scales,
    with_confirmed,
)
from spectralnet.graph.duplicates import (
    Distinct,
    deal_out,
    describe_neighbours,
    nearest_distinct,
)
from spectralnet.graph.neighbours import Neighbours
from spectralnet.graph.supervision import Supervision, with_supervision
from spectralnet.graph.symmetry import symmetrised
from spectralnet.matrices import Matrix
from spectralnet.nets.blocks import MLP
from spectralnet.nets.net import Net

if TYPE_CHECKING:
    from spectralnet.metric.augmentation import RandomAffine
    from spectralnet.nets.checkpoints import Checkpoint


@dataclass(frozen=True)
class PointsInSpace:
    """Points in the space whose neighbours make the graph.

    Attributes
    ----------
    x : ndarray or csr_array of shape (n, d)
        As they were prepared.
    features : ndarray or csr_array of shape (n, e)
        In the space: their codes, gradients or projections, or `x` itself.
    encoder : Net
        From `x` to `features`; the identity, without layers, in the input space.
    image_shape : (int, int), optional
        Height and width, if `x` holds images.
    supervision : Supervision, optional
        What is told of some of them.
    """

    x: Matrix
    features: Matrix
    encoder: Net
    image_shape: Sequence[int] | None = None
    supervision: Supervision | None = None


@dataclass(frozen=True)
class AffinityOptions:
    """How an affinity is made.

    Attributes
    ----------
    graph : GraphParams
    params : Block or None
        Of the affinity itself: the part of a data set's settings that has its name.
    seed : int
    device : torch.device
    augment : RandomAffine, optional
        Random changes of the images that a learned metric shall ignore.
    checkpoint : Checkpoint, optional
        Of the training, if there is one.
    """

    graph: GraphParams
    params: Any
    seed: int
    device: torch.device
    augment: RandomAffine | None = None
    checkpoint: Checkpoint | None = None


class Affinity(NamedTuple):
    """What every affinity delivers: nets from data to the embedding, and the graph on it."""

    encoder: Net
    embedder: Net  # the identity where distances are plain
    embedding: Matrix  # (n, e)
    graph: csr_array  # (n, n)
    about: dict[str, Any]  # what there is to say about the graph
    history: pd.DataFrame | None = None  # of the training, if there was one


def connect(
    embedding: Matrix,
    params: GraphParams,
    seed: int,
    supervision: Supervision | None = None,
    confirmed: csr_array | None = None,
) -> tuple[csr_array, dict[str, Any]]:
    """Make the affinity graph of an embedding: the one place that knows in which order.

    Neighbours among the distinct rows, their weights, the copies of rows that come more than
    once, the mean with the confirmed edges, what is told of the points.

    Parameters
    ----------
    embedding : ndarray or csr_array of shape (n, e)
    params : GraphParams
    seed : int
    supervision : Supervision, optional
    confirmed : csr_array of shape (n, n), optional
        See `spectralnet.metric.confirmed.confirmed_edges`.

    Returns
    -------
    graph : csr_array of shape (n, n)
    about : dict
        Numbers of edges, components and duplicates, how neighbours were searched and how well,
        the median of the Gaussian widths.
    """
    found = nearest_distinct(embedding, params.n_neighbours, params.search, seed, params.recall)
    return weigh(*found, params, seed, supervision, confirmed)


def weigh(
    neighbours: Neighbours,
    distinct: Distinct,
    params: GraphParams,
    seed: int,
    supervision: Supervision | None = None,
    confirmed: csr_array | None = None,
) -> tuple[csr_array, dict[str, Any]]:
    """Make the graph of neighbours that were found among distinct rows: see `connect`."""
    params = params.for_neighbours(neighbours.indices.shape[1])
    scales = neighbour_scales(neighbours.distances, params.scale, params.scale_neighbour)
    about = describe_neighbours(neighbours, distinct) | {"median_scale": float(np.median(scales))}
    directed = directed_affinity(neighbours, params)
    graph = with_confirmed(symmetrised(deal_out(directed, distinct, seed)), confirmed)
    if supervision is not None:
        graph = with_supervision(graph, supervision, seed)
    return graph, describe_graph(graph) | about


def given_affinity(points: PointsInSpace, graph: csr_array) -> Affinity:
    """Take a graph that is given, of shape (n, n), in place of one that points make."""
    identity = MLP([points.features.shape[1]])
    return Affinity(points.encoder, identity, points.features, graph, describe_graph(graph))


def euclidean(points: PointsInSpace, options: AffinityOptions) -> Affinity:
    """Connect each point to its nearest neighbours in the space."""
    graph, about = connect(points.features, options.graph, options.seed, points.supervision)
    identity = MLP([points.features.shape[1]])
    return Affinity(points.encoder, identity, points.features, graph, about)
