"""From an embedding to clusters: directions in the eigenspace, and seeded k-means."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances_argmin
from threadpoolctl import threadpool_info, threadpool_limits

from spectralnet.checks import check_distinct
from spectralnet.clusters.selection import candidate_counts, modularity
from spectralnet.progress import progress_bar


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


def fit_centroids(
    embedding: NDArray[np.floating] | csr_array, n_clusters: int, seed: int, restarts: int = 10
) -> NDArray[np.float32]:
    """Fit k-means once and return its centroids.

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
    check_distinct(embedding, n_clusters)
    kmeans = KMeans(n_clusters, n_init=restarts, random_state=seed)
    # Threads add their sums in no fixed order, which for two makes no difference. One stays one:
    # a forked process that starts a second hangs.
    threads = [lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "openmp"]
    with threadpool_limits(limits=min([2, *threads]), user_api="openmp"):
        kmeans.fit(embedding)
    return kmeans.cluster_centers_.astype(np.float32)


def fit_spectral_centroids(
    embedding: NDArray[np.floating],
    eigenvalues: NDArray[np.floating],
    n_clusters: int,
    graph: csr_array,
    seed: int,
) -> NDArray[np.float32]:
    """Fit centroids of directions in as many eigenvectors as make the best clusters.

    A graph that all but falls into `n_clusters` pieces has as many eigenvalues near 0, below a
    plain gap, and as many eigenvectors tell the pieces apart, be they large or small. Without
    one, two clusters may share an eigenvector while another is split, which one more
    eigenvector mends; further ones split clusters again. How many are right differs between
    graphs and seeds. So k-means runs once for each number of eigenvectors from `n_clusters` on,
    and the clusters of the largest modularity are kept.

    Parameters
    ----------
    embedding : ndarray of shape (n, c)
        Eigenvectors of the graph, in the order of their eigenvalues.
    eigenvalues : ndarray of shape (c,)
        Ascending.
    n_clusters : int
    graph : csr_array of shape (n, n)
        Affinities.
    seed : int

    Returns
    -------
    ndarray of shape (n_clusters, number of eigenvectors used)

    Raises
    ------
    ParameterError
        If there are fewer distinct rows than clusters.
    """
    fits = []
    counts = candidate_counts(eigenvalues, n_clusters)
    with progress_bar("k-means", len(counts), delay=2) as progress:
        for used in counts:
            fits.append(fit_centroids(unit_rows(embedding[:, :used]), n_clusters, seed))
            progress.update()
    if len(fits) == 1:
        return fits[0]
    return max(fits, key=lambda fit: modularity(graph, spectral_clusters(embedding, fit)))


def spectral_clusters(
    embedding: NDArray[np.floating], centroids: NDArray[np.floating]
) -> NDArray[np.int64]:
    """Assign points to the centroids that are nearest to their directions.

    Parameters
    ----------
    embedding : ndarray of shape (m, c)
        Places in the eigenspace.
    centroids : ndarray of shape (n_clusters, number of eigenvectors used)
        See `fit_spectral_centroids`.

    Returns
    -------
    ndarray of shape (m,)
    """
    return nearest_centroid(unit_rows(embedding[:, : centroids.shape[1]]), centroids)


def nearest_centroid(
    embedding: NDArray[np.floating] | csr_array, centroids: NDArray[np.floating]
) -> NDArray[np.int64]:
    """Assign each row of `embedding`, shape (n, c), to the nearest centroid: labels (n,)."""
    if embedding.shape[0] == 0:
        return np.empty(0, dtype=np.int64)
    return pairwise_distances_argmin(embedding, centroids).astype(np.int64)


class Assignment(NamedTuple):
    """Where a model puts points."""

    clusters: NDArray[np.int64]  # (n,)
    distances: NDArray[np.float32]  # (n,), to the centroid of the cluster
    embedding: NDArray[np.float32]  # (n, c)


def assign(embedding: NDArray[np.float32], centroids: NDArray[np.float32]) -> Assignment:
    """Return the clusters of `spectral_clusters`, with the distances to their centroids.

    Parameters
    ----------
    embedding : ndarray of shape (n, c)
    centroids : ndarray of shape (n_clusters, number of eigenvectors used)

    Returns
    -------
    Assignment
    """
    directions = unit_rows(embedding[:, : centroids.shape[1]])
    clusters = nearest_centroid(directions, centroids)
    distances = np.linalg.norm(directions - centroids[clusters], axis=1)
    return Assignment(clusters, distances.astype(np.float32), embedding)
