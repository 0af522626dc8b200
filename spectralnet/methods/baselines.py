"""k-means, and exact spectral clustering: what a deep method has to beat."""

from spectralnet.clusters.kmeans import (
    fit_centroids,
    fit_spectral_centroids,
    nearest_centroid,
    spectral_clusters,
)
from spectralnet.methods.task import Found, Task
from spectralnet.nets.devices import map_in_chunks
from spectralnet.spectral.laplacian import exact_eigenvectors
from spectralnet.spectral.samplers import SAMPLERS


def kmeans(task: Task) -> Found:
    """Fit k-means to the features of the space."""
    centroids = fit_centroids(task.features, task.n_clusters, task.seed)
    held_out = task.held_out
    if len(task.encoder):
        held_out = map_in_chunks(task.encoder, held_out, task.device)
    return Found(nearest_centroid(task.features, centroids), nearest_centroid(held_out, centroids))


def spectral(task: Task) -> Found:
    """Solve the eigenproblem that SpectralNet approximates, by ARPACK, and cluster."""
    if task.graph is None:
        raise ValueError("the stage of exact spectral clustering has to read a graph")
    params = task.spectral_params
    normalised = SAMPLERS[params.sampler].normalised
    vectors, _ = exact_eigenvectors(task.graph, params.n_components, normalised, task.seed)
    centroids = fit_spectral_centroids(vectors, task.n_clusters, task.graph, task.seed)
    return Found(spectral_clusters(vectors, centroids))
