"""Affinities of a learned metric: each stands here once, by its name."""

from collections.abc import Callable

from scipy.sparse import csr_array

from spectralnet.graph.supervision import groups_of, with_supervision
from spectralnet.methods.affinities import (
    Affinity,
    AffinityOptions,
    PointsInSpace,
    connect,
    euclidean,
)
from spectralnet.metric.confirmed import confirmed_edges
from spectralnet.metric.siamese import sees_images, train_siamese
from spectralnet.nets.blocks import MLP
from spectralnet.nets.devices import map_in_chunks, map_through
from spectralnet.nets.net import Net


def siamese(points: PointsInSpace, options: AffinityOptions, graph: csr_array) -> Affinity:
    """Learn a metric from a graph's neighbours, and connect points anew in it.

    On images the net sees these, whatever the space; where an encoder maps them into it, the net
    learns of those edges that the images confirm.

    Parameters
    ----------
    points : PointsInSpace
    options : AffinityOptions
    graph : csr_array of shape (n, n)
        The Euclidean one of the same points.
    """
    x, encoder, confirmed, told = points.features, points.encoder, None, points.supervision
    if sees_images(points.image_shape, options.params):
        x, encoder = points.x, MLP([points.x.shape[1]])
        if len(points.encoder) > 0:
            confirmed = confirmed_edges(graph, x, options.graph, options.seed)
            if told is not None:
                confirmed = with_supervision(confirmed, told, options.seed)
    embedder, history = train_siamese(
        x,
        graph,
        options.params,
        seed=options.seed,
        device=options.device,
        image_shape=points.image_shape,
        augment=options.augment,
        confirmed=confirmed,
        groups=None if told is None or not told.told.any() else groups_of(told).of,
        checkpoint=options.checkpoint,
    )
    embedding = map_in_chunks(embedder, x, options.device)
    learned, about = connect(embedding, options.graph, options.seed, told, confirmed)
    return Affinity(encoder, embedder, embedding, learned, about, history)


def in_learned_metric(
    points: PointsInSpace, options: AffinityOptions, encoder: Net, embedder: Net
) -> Affinity:
    """Connect points in a metric that was learned before, of fewer points."""
    embedding = map_through(points.x, options.device, encoder, embedder)
    graph, about = connect(embedding, options.graph, options.seed, points.supervision)
    return Affinity(encoder, embedder, embedding, graph, about)


Learn = Callable[[PointsInSpace, AffinityOptions, csr_array], Affinity]

# Made of the Euclidean graph of the same points, by their names in ``params.yaml``. Beside them
# stand "euclidean", that graph itself, and "precomputed", one that is given.
LEARNED: dict[str, Learn] = {"siamese": siamese}
PLAIN = "euclidean"
GIVEN = "precomputed"


def make_affinity(name: str, points: PointsInSpace, options: AffinityOptions) -> Affinity:
    """Make the affinity of this name, "euclidean" or one of `LEARNED`, from points alone."""
    plain = euclidean(points, options)
    return plain if name == PLAIN else LEARNED[name](points, options, plain.graph)
