"""A clustering repeated on halves of its points, without any net: what stays is sure."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from spectralnet.checks import count_distinct
from spectralnet.clusters.kmeans import (
    FITTED,
    RESTARTS,
    Assignment,
    SpectralCentroids,
    fit_centroids,
    nearest_centroid,
    spectral_clusters,
    weighted_directions,
)
from spectralnet.clusters.noise import NOISE
from spectralnet.clusters.selection import eigenvector_weights
from spectralnet.errors import TrainingError
from spectralnet.graph.affinity import degrees
from spectralnet.graph.duplicates import distinct_rows
from spectralnet.matrices import Matrix, dense_rows
from spectralnet.membership.calibration import fit_sharpness, matched, squared_distances
from spectralnet.membership.outliers import (
    fit_references,
    middle_and_spread,
    reference_rows,
    remoteness,
)
from spectralnet.membership.part import Membership
from spectralnet.spectral.exact import exact_eigenvectors

MANY_POINTS = 10_000  # beyond, they are split once
SAMPLED = (2**17, 20_000)  # beyond the first, a graph of so many points is split in halves
SPLITS = 3  # of fewer points in halves
LEAST_PIECE = 5  # points
HALF_WORK = 1e10  # multiply-adds, some 20 s: a half whose eigenvectors take more is left out

Rows = NDArray[np.int64]
Repeat = Callable[[Rows, int], NDArray[np.int64]]  # a half, a seed, to the clusters of all points


class Extended(NamedTuple):
    """Eigenvectors of the graph among some of its points, extended to the others."""

    vectors: NDArray[np.float64]  # (n, c); c is less than asked for where points are too few
    values: NDArray[np.float64]  # (c,)
    reached: NDArray[np.bool_]  # (n,), which points have a neighbour among those


def halves(n: int, seed: int) -> Iterator[Rows]:
    """Split n points in halves, `SPLITS` times or once: each half's rows, ascending."""
    random = np.random.default_rng(seed)
    for _ in range(SPLITS if n <= MANY_POINTS else 1):
        order = random.permutation(n)
        yield np.sort(order[: n // 2])
        yield np.sort(order[n // 2 :])


def extended_eigenvectors(
    graph: csr_array,
    half: Rows,
    n_components: int,
    normalised: bool,
    seed: int,
    most_work: float = HALF_WORK,
) -> Extended:
    """Compute eigenvectors of the graph among some of its points, and extend them to the others.

    By Nystroem's formula: a point's place is the mean of its neighbours', divided by 1 - lambda;
    or by 1 - lambda / d if not `normalised`, d the weight of its edges to them.

    Parameters
    ----------
    graph : csr_array of shape (n, n)
    half : ndarray of shape (h,)
        Rows. Small pieces that are no edge from the others, which would have eigenvectors of
        their own, count as not chosen.
    n_components : int
    normalised : bool
    seed : int
    most_work : float, default=1e10
        See `spectralnet.spectral.exact.exact_eigenvectors`.

    Returns
    -------
    Extended

    Raises
    ------
    TrainingError
        If there are too few neighbours in the half, or ARPACK does not converge.
    """
    inside = csr_array(graph[half][:, half])
    _, piece = connected_components(inside, directed=False)
    kept = np.bincount(piece)[piece] >= LEAST_PIECE
    half, inside = half[kept], csr_array(inside[kept][:, kept])
    if len(half) < LEAST_PIECE:
        raise TrainingError("too few points of the half have neighbours in it")
    n_components = min(n_components, len(half) - 1)
    vectors, values = exact_eigenvectors(inside, n_components, normalised, seed, most_work)
    into = csr_array(graph[:, half])
    weight = degrees(into)
    reached = weight > 0
    reached[half] = True
    weight = np.where(weight > 0, weight, 1)[:, None]
    everywhere = (into @ vectors) / weight  # (n, c)
    everywhere /= np.maximum(1 - (values if normalised else values / weight), 0.1)
    everywhere[half] = vectors
    return Extended(everywhere, values, reached)


def extended_clusters(
    extended: Extended,
    half: Rows,
    n_clusters: int,
    seed: int,
    *,
    least: int,
    most: int = FITTED,
    restarts: int = RESTARTS,
) -> NDArray[np.int64]:
    """Cluster points as spectral clustering of a half does, by centroids of its places alone.

    Parameters
    ----------
    extended : Extended
        Of the half.
    half : ndarray of shape (h,)
        Rows.
    n_clusters : int
    seed : int
    least : int
        Places that have to differ.
    most : int, default=131072
        Places that centroids are fitted to.
    restarts : int, default=10
        Of k-means.

    Returns
    -------
    ndarray of shape (n,)
        -1 where the half does not reach; for all points where too few of its places differ.
    """
    vectors, values, reached = extended
    fitted = half[reached[half]]  # others, of small pieces, have no place
    if len(fitted) > most:
        fitted = np.random.default_rng(seed).choice(fitted, most, replace=False)
    weights = eigenvector_weights(values, n_clusters).astype(np.float32)
    directions = weighted_directions(vectors[fitted], weights)
    differ = count_distinct(vectors[fitted], least) == least
    if not differ or count_distinct(directions, n_clusters) < n_clusters:
        return np.full(len(vectors), NOISE)
    centroids = fit_centroids(directions, n_clusters, seed, restarts)
    found = spectral_clusters(vectors, SpectralCentroids(centroids, weights))
    return np.where(reached, found, NOISE)


def spectral_repeats(
    graph: csr_array, n_components: int, n_clusters: int, normalised: bool
) -> Repeat:
    """Repeat spectral clustering on halves of a graph: exact eigenvectors, then k-means.

    A half whose graph cannot be clustered says nothing: -1 for all points.
    """

    def repeat(half: Rows, seed: int) -> NDArray[np.int64]:
        try:
            extended = extended_eigenvectors(graph, half, n_components, normalised, seed)
        except TrainingError:
            return np.full(graph.shape[0], NOISE)
        return extended_clusters(extended, half, n_clusters, seed, least=2 * n_clusters)

    return repeat


def centroid_repeats(codes: NDArray[np.float32], n_clusters: int) -> Repeat:
    """Repeat k-means on halves of codes, shape (n, c); one with too few distinct says nothing."""

    def repeat(half: Rows, seed: int) -> NDArray[np.int64]:
        if count_distinct(codes[half], n_clusters) < n_clusters:
            return np.full(len(codes), NOISE)
        return nearest_centroid(codes, fit_centroids(codes[half], n_clusters, seed))

    return repeat


def fit_membership(
    assigned: Assignment,
    places: NDArray[np.floating],
    centroids: NDArray[np.floating],
    space: Matrix,
    repeat: Repeat,
    n_neighbours: int,
    seed: int,
    rows: Rows | slice = slice(None),
) -> tuple[Membership, Assignment]:
    """Calibrate what a model says of its points, and keep what new ones are compared with.

    Parameters
    ----------
    assigned : Assignment
        Of the n fitted points.
    places : ndarray of shape (n, c)
        What was compared with the centroids.
    centroids : ndarray of shape (k, c)
    space : ndarray or csr_array of shape (n, e)
        The points where their neighbours were searched.
    repeat : callable
        See `spectral_repeats`.
    n_neighbours : int
        That a point's remoteness is measured by.
    seed : int
        Of the halves and of the references.
    rows : ndarray of shape (m,), optional
        The points that `repeat` clusters; by default all.

    Returns
    -------
    membership : Membership
    assigned : Assignment
        With probabilities and outlier scores.
    """
    clusters, k = assigned.clusters[rows], len(centroids)
    squares = squared_distances(places[rows], centroids)
    repeated = []
    if k > 1 and len(clusters) // 2 > 2 * k:  # else halves say nothing
        found = [matched(clusters, repeat(half, seed), k) for half in halves(len(clusters), seed)]
        repeated = [clusters for clusters in found if (clusters >= 0).any()]
    sharpness = fit_sharpness(squares, repeated)
    different, n_columns = distinct_rows(space).first, space.shape[1]
    chosen = reference_rows(different, assigned.clusters, n_columns, n_neighbours, seed)
    if len(chosen) == 1:  # nothing tells how far from others is far
        membership = Membership(0, n_columns, 1)
        membership.sharpness.fill_(sharpness)
        return membership, membership.complete(assigned, places, centroids, space)
    references = fit_references(dense_rows(space, chosen), n_neighbours)
    remote = remoteness(space[rows], references)
    membership = Membership.of(sharpness, references, *middle_and_spread(remote))
    scores = membership.scores(remote) if isinstance(rows, slice) else None  # then of all
    return membership, membership.complete(assigned, places, centroids, space, scores)
