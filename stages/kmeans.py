"""Cluster features, or codes, by k-means."""

from pathlib import Path

from spectralnet.artifacts import load_matrix
from spectralnet.clusters.kmeans import fit_centroids, nearest_centroid
from spectralnet.config.limits import check_sizes
from spectralnet.nets.devices import map_in_chunks
from spectralnet.nets.saved import load_net
from stages.common import Stage, main
from stages.method import write_clustering


def kmeans(stage: Stage, data: Path, features: Path, clusters: Path) -> str:
    """Fit k-means to the rows of a feature folder."""
    x, encoder = load_matrix(features / "matrix"), load_net(features, "encoder")
    check_sizes(x.shape[0], stage.settings)
    centroids = fit_centroids(x, stage.settings.n_clusters, stage.params.seed)
    held_out = load_matrix(data / "held_out_matrix")
    if len(encoder):
        held_out = map_in_chunks(encoder, held_out, stage.device)
    upstream = list(dict.fromkeys([data, features]))
    return write_clustering(
        stage,
        data,
        upstream,
        clusters,
        nearest_centroid(x, centroids),
        nearest_centroid(held_out, centroids),
    )


if __name__ == "__main__":
    main(kmeans, method=None)
