"""Cluster by the exact eigenvectors of the graph that SpectralNet is trained on."""

from pathlib import Path

from spectralnet.artifacts import load_graph, load_json
from spectralnet.clusters.kmeans import fit_spectral_centroids, spectral_clusters
from spectralnet.spectral.laplacian import exact_eigenvectors
from stages.common import Stage, main, warn_of_components
from stages.method import write_clustering


def spectral(
    stage: Stage, data: Path, features: Path, graph: Path, affinity: Path, clusters: Path
) -> str:
    """Solve the eigenproblem that SpectralNet approximates, by ARPACK, and cluster."""
    settings, seed = stage.settings, stage.params.seed
    weights = load_graph(affinity / "graph.npz")
    components = load_json(affinity / "about.json")["components"]
    warn_of_components(components, settings.spectralnet.n_components)
    vectors, _ = exact_eigenvectors(
        weights,
        settings.spectralnet.n_components,
        settings.spectralnet.sampler == "edges",
        seed,
    )
    centroids = fit_spectral_centroids(vectors, settings.n_clusters, weights, seed)
    found = spectral_clusters(vectors, centroids)
    upstream = list(dict.fromkeys([data, features, graph, affinity]))
    return write_clustering(stage, data, upstream, clusters, found)


if __name__ == "__main__":
    main(spectral, method=None)
