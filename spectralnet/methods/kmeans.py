"""k-means as a method of the pipeline."""

from spectralnet.checks import warn_of_empty
from spectralnet.clusters.kmeans import fit_centroids, nearest_centroid
from spectralnet.methods.task import Found, Task
from spectralnet.nets.devices import map_through


def cluster(task: Task) -> Found:
    """Fit k-means to the features of the space."""
    centroids = fit_centroids(task.features, task.n_clusters, task.seed)
    clusters = nearest_centroid(task.features, centroids)
    warn_of_empty(clusters, task.n_clusters)
    held_out = map_through(task.held_out, task.device, task.encoder)
    return Found(clusters, nearest_centroid(held_out, centroids))
