"""Scores of a model beside those of simpler ways on the same inputs."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.metrics import normalized_mutual_info_score

from spectralnet.clusters.kmeans import (
    fit_centroids,
    fit_spectral_centroids,
    nearest_centroid,
    spectral_clusters,
)
from spectralnet.clusters.noise import NOISE
from spectralnet.clusters.selection import modularity, relative_gap, suggest_n_clusters
from spectralnet.errors import TrainingError
from spectralnet.graph.affinity import degrees
from spectralnet.spectral.exact import exact_eigenvectors
from spectralnet.spectral.laplacian import squared_grassmann_distance

Labels = NDArray[np.int64]

# Up to which exact eigenvectors are a matter of a minute or two, less than the training took.
QUICK_POINTS = 100_000
QUICK_WORK = 2e10  # multiply-adds, of a piece of the graph


def kmeans_clusters(points: NDArray[np.floating] | csr_array, n_clusters: int, seed: int) -> Labels:
    """Cluster the rows of `points`, shape (n, d), by k-means."""
    return nearest_centroid(points, fit_centroids(points, n_clusters, seed))


def label_free_metrics(
    graph: csr_array, clusters: Labels, n_clusters: int, eigenvalues: NDArray[np.floating]
) -> dict[str, Any]:
    """Say what is known of clusters without labels.

    Parameters
    ----------
    graph : csr_array of shape (n, n)
    clusters : ndarray of shape (n,)
        -1 is noise, which is left out.
    n_clusters : int
    eigenvalues : ndarray of shape (c,)
        Of the spectral map.

    Returns
    -------
    dict
        `eigenvalue_sum`, `modularity`, the sizes of the smallest and the largest cluster.
    """
    sizes = np.bincount(clusters[clusters != NOISE], minlength=n_clusters)
    return {
        "eigenvalue_sum": float(np.sum(eigenvalues)),
        "modularity": modularity(graph, clusters),
        "smallest_cluster": int(sizes.min()),
        "largest_cluster": int(sizes.max()),
    }


def work_on_exact(exact: Literal["auto", "always", "never"], n: int) -> float:
    """Say how much may be spent on the exact eigenvectors of n points, in multiply-adds.

    Raises
    ------
    TrainingError
        If they are not wanted.
    """
    if exact == "never" or (exact == "auto" and n > QUICK_POINTS):
        raise TrainingError(f"of {n:,} points they are computed with exact: always")
    return QUICK_WORK if exact == "auto" else np.inf


def compare_with_exact(
    embedding: NDArray[np.floating],
    clusters: Labels,
    n_clusters: int,
    graph: csr_array,
    normalised: bool,
    seed: int,
    most_work: float = np.inf,
) -> tuple[Labels, NDArray[np.float64], dict[str, Any]]:
    """Hold a learned spectral embedding against the exact one of the same graph, without labels.

    Parameters
    ----------
    embedding : ndarray of shape (n, c)
    clusters : ndarray of shape (n,)
        Read off the embedding. Noise, -1, is left out of the comparison of clusters.
    n_clusters : int
    graph : csr_array of shape (n, n)
    normalised : bool
        Which Laplacian.
    seed : int
    most_work : float, default=inf
        See `spectralnet.spectral.exact.exact_eigenvectors`.

    Returns
    -------
    exact_clusters : ndarray of shape (n,)
        Read off the exact eigenvectors in the same way.
    spectrum : ndarray of shape (max(c, 2 n_clusters + 1),)
        Exact eigenvalues, n - 1 at most.
    comparison : dict
        `grassmann`, the squared Grassmann distance; `spectral_eigenvalue_sum` and
        `spectral_modularity`; `spectral_n_eigenvectors`, the number used; `agreement`, the NMI
        of both clusterings; `suggested_n_clusters`, from 2 to twice `n_clusters`; `eigengap`,
        the relative gap after `n_clusters` eigenvalues. Both are left out where there are too
        few points for it.

    Raises
    ------
    TrainingError
        If the exact eigenvectors cannot be had.
    """
    n_components = embedding.shape[1]
    n_values = min(max(n_components, 2 * n_clusters + 1), len(embedding) - 1)
    vectors, spectrum = exact_eigenvectors(graph, n_values, normalised, seed, most_work)
    vectors = vectors[:, :n_components]
    centred = fit_spectral_centroids(vectors, spectrum[:n_components], n_clusters, seed)
    exact_clusters = spectral_clusters(vectors, centred)
    mass = degrees(graph) if normalised else None
    kept = clusters != NOISE
    comparison: dict[str, Any] = {
        "grassmann": squared_grassmann_distance(embedding, vectors, mass),
        "spectral_eigenvalue_sum": float(np.sum(spectrum[:n_components])),
        "spectral_modularity": modularity(graph, np.where(kept, exact_clusters, NOISE)),
        "spectral_n_eigenvectors": len(centred.weights),
        "agreement": float(normalized_mutual_info_score(exact_clusters[kept], clusters[kept])),
    }
    if len(spectrum) > max(n_clusters, 2):  # else there are too few points to tell
        comparison["suggested_n_clusters"] = suggest_n_clusters(spectrum[: 2 * n_clusters + 1])
        comparison["eigengap"] = relative_gap(spectrum, n_clusters)
    return exact_clusters, spectrum, comparison
