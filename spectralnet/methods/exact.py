"""Exact spectral clustering as a method of the pipeline."""

from spectralnet.clusters.kmeans import fit_spectral_centroids, spectral_clusters
from spectralnet.methods.task import Found, Task
from spectralnet.spectral.exact import exact_eigenvectors
from spectralnet.spectral.laplacian import warn_of_components
from spectralnet.spectral.samplers import SAMPLERS


def cluster(task: Task) -> Found:
    """Solve the eigenproblem that SpectralNet approximates, by ARPACK, and cluster."""
    if task.graph is None:
        raise ValueError("the stage of exact spectral clustering has to read a graph")
    params = task.spectral_params
    normalised = SAMPLERS[params.sampler].normalised
    warn_of_components(task.graph, params.n_components, task.n_clusters)
    vectors, values = exact_eigenvectors(task.graph, params.n_components, normalised, task.seed)
    centred = fit_spectral_centroids(vectors, values, task.n_clusters, task.seed)
    return Found(spectral_clusters(vectors, centred))
