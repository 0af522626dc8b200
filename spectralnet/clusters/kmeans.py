"""From an embedding to clusters: directions in the eigenspace, and seeded k-means."""

import warnings
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import pairwise_distances_argmin
from threadpoolctl import ThreadpoolController

from spectralnet.checks import check_distinct, count_distinct
from spectralnet.clusters.selection import eigenvector_weights
from spectralnet.matrices import blocks, seeded_sample

# Points that centroids are fitted to: of 1 % of them, the mean is known to .03 deviations.
FITTED = 2**17
RESTARTS = 10  # of k-means, of which the best is kept
ROWS_AT_ONCE = 2**17


def unit_rows(embedding: NDArray[np.floating]) -> NDArray[np.floating]:
    """Scale each row of an embedding, shape (n, c), to length 1.

    Where clusters are no edges apart, the points of each have one direction in the space of
    the first eigenvectors, orthogonal to the others', while their lengths vary with the
    clusters' sizes: k-means should see directions. It also makes surplus eigenvectors do
    less harm.

    References
    ----------
    Ng, Jordan and Weiss, On spectral clustering, NIPS 2001.
    """
    length = np.linalg.norm(embedding, axis=1, keepdims=True)
    return embedding / np.maximum(length, np.finfo(embedding.dtype).tiny)


def weighted_directions(
    embedding: NDArray[np.floating], weights: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Weigh the first w columns of an embedding, shape (n, c), and take directions: (n, w)."""
    return unit_rows(embedding[:, : len(weights)] * weights)


def fit_centroids(
    embedding: NDArray[np.floating] | csr_array,
    n_clusters: int,
    seed: int,
    restarts: int = RESTARTS,
) -> NDArray[np.float32]:
    """Fit k-means once, to `FITTED` points at most, and return its centroids.

    Parameters
    ----------
    embedding : ndarray or csr_array of shape (n, c)
    n_clusters : int
        At most the number of distinct rows.
    seed : int
    restarts : int, default=10
        Of which the one with the least inertia is kept.

    Returns
    -------
    ndarray of shape (n_clusters, c)

    Raises
    ------
    ParameterError
        If there are fewer distinct rows than clusters.
    """
    if embedding.shape[0] > FITTED:
        sample = embedding[seeded_sample(embedding.shape[0], FITTED, seed)]
        if count_distinct(sample, n_clusters) == n_clusters:
            embedding = sample
    check_distinct(embedding, n_clusters)
    return fit_kmeans(embedding, n_clusters, seed, restarts).cluster_centers_.astype(np.float32)


def fit_kmeans(
    points: NDArray[np.floating] | csr_array, n_clusters: int, seed: int, restarts: int
) -> KMeans:
    """Fit scikit-learn's k-means to rows of `points`, shape (n, c), to the same bits each time."""
    # Threads add their sums in no fixed order, which for two makes no difference. One stays one:
    # a forked process that starts a second hangs.
    pools = _openmp_pools()
    with (
        pools.limit(limits=min([2, *(pool["num_threads"] for pool in pools.info())])),
        warnings.catch_warnings(),
    ):
        # Of clusters that get no points: `spectralnet.checks.warn_of_empty` tells what to do.
        warnings.filterwarnings("ignore", "Number of distinct clusters", ConvergenceWarning)
        return KMeans(n_clusters, n_init=restarts, random_state=seed).fit(points)


@cache
def _openmp_pools() -> ThreadpoolController:
    """Find OpenMP's pools of threads, once: among some hundred libraries that takes 6 ms."""
    return ThreadpoolController().select(user_api="openmp")


class SpectralCentroids(NamedTuple):
    """What puts places in the eigenspace into clusters."""

    centroids: NDArray[np.float32]  # (n_clusters, c), of directions
    weights: NDArray[np.float32]  # (c,), of the first eigenvectors before directions are taken


def fit_spectral_centroids(
    embedding: NDArray[np.floating],
    eigenvalues: NDArray[np.floating],
    n_clusters: int,
    seed: int,
) -> SpectralCentroids:
    """Fit centroids of the directions of weighted eigenvectors.

    Parameters
    ----------
    embedding : ndarray of shape (n, c)
        Eigenvectors of the graph, in the order of their eigenvalues.
    eigenvalues : ndarray of shape (c,)
        Ascending.
    n_clusters : int
    seed : int

    Returns
    -------
    SpectralCentroids
        Of as many eigenvectors as `spectralnet.clusters.selection.eigenvector_weights` uses.

    Raises
    ------
    ParameterError
        If there are fewer distinct rows than clusters.
    """
    weights = eigenvector_weights(eigenvalues, n_clusters).astype(np.float32)
    directions = weighted_directions(embedding, weights)
    return SpectralCentroids(fit_centroids(directions, n_clusters, seed), weights)


def spectral_clusters(
    embedding: NDArray[np.floating], found: SpectralCentroids
) -> NDArray[np.int64]:
    """Assign points to the centroids that are nearest to their directions.

    Parameters
    ----------
    embedding : ndarray of shape (m, c)
        Places in the eigenspace.
    found : SpectralCentroids

    Returns
    -------
    ndarray of shape (m,)
    """
    # Points of tiny degrees may be farther off than float32 has squares of: only directions count.
    return assign(unit_rows(embedding).astype(np.float32), found).clusters


def nearest_centroid(
    embedding: NDArray[np.floating] | csr_array, centroids: NDArray[np.floating]
) -> NDArray[np.int64]:
    """Assign each row of `embedding`, shape (n, c), to the nearest centroid: labels (n,)."""
    if embedding.shape[0] == 0:
        return np.empty(0, dtype=np.int64)
    return pairwise_distances_argmin(embedding, centroids).astype(np.int64)


class Assignment(NamedTuple):
    """Where a model puts points."""

    clusters: NDArray[np.int64]  # (n,), -1 for noise
    distances: NDArray[np.float32]  # (n,), to the centroid of the cluster
    embedding: NDArray[np.float32]  # (n, c)
    probabilities: NDArray[np.float32] | None = None  # (n, k), where the model tells them
    outlier_scores: NDArray[np.float32] | None = None  # (n,)


def assign(embedding: NDArray[np.float32], found: SpectralCentroids) -> Assignment:
    """Assign points to the centroids that are nearest to their directions, and say how near.

    Parameters
    ----------
    embedding : ndarray of shape (m, c)
        Places in the eigenspace.
    found : SpectralCentroids

    Returns
    -------
    Assignment
    """
    n = len(embedding)
    clusters, distances = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.float32)
    for rows in blocks(n, ROWS_AT_ONCE):
        directions = weighted_directions(embedding[rows], found.weights)  # (m, w)
        clusters[rows] = nearest_centroid(directions, found.centroids)
        apart = directions - found.centroids[clusters[rows]]
        distances[rows] = np.linalg.norm(apart, axis=1)
    return Assignment(clusters, distances, embedding)
