"""Train the spectral map on an affinity graph, and cluster in the space it maps to."""

from pathlib import Path

from torch import nn

from spectralnet.artifacts import load_graph, load_json, load_matrix, save_array, save_table
from spectralnet.config.limits import check_points
from spectralnet.methods.model import cluster_in_eigenspace
from spectralnet.nets.devices import map_in_chunks
from spectralnet.nets.saved import load_net
from spectralnet.spectral.training import train_spectral_map
from stages.common import Stage, copy_preparation, main, warn_of_components


def spectralnet(stage: Stage, data: Path, affinity: Path, model: Path) -> str:
    """Train the spectral map, fit centroids, and write the model as a whole."""
    settings, seed = stage.settings, stage.params.seed
    encoder, embedder = load_net(affinity, "encoder"), load_net(affinity, "embedder")
    x = load_matrix(data / "matrix")
    check_points(x, settings)
    components = load_json(affinity / "about.json")["components"]
    warn_of_components(components, settings.spectralnet.n_components)
    if len(encoder) + len(embedder) > 0:  # else both are the identity
        x = map_in_chunks(nn.Sequential(encoder, embedder), x, stage.device)
    graph = load_graph(affinity / "graph.npz")
    spectral_map, eigenvalues, history = train_spectral_map(
        x,
        graph,
        settings.spectralnet,
        settings.graph,
        seed=seed,
        device=stage.device,
        checkpoint=stage.checkpoint(
            data / "matrix",
            affinity / "encoder.safetensors",
            affinity / "embedder.safetensors",
            affinity / "graph.npz",
        ),
    )
    whole, assigned = cluster_in_eigenspace(
        encoder,
        embedder,
        spectral_map,
        x,
        graph,
        settings.n_clusters,
        seed=seed,
        device=stage.device,
    )
    whole.save(model)
    copy_preparation(data, model)
    save_array(model / "embedding.npy", assigned.embedding)
    save_array(model / "clusters.npy", assigned.clusters)
    save_array(model / "eigenvalues.npy", eigenvalues)
    save_table(model / "history.csv", history)
    stage.run.log_curve(history)
    stage.run.log_metrics({f"eigenvalue_{i}": float(v) for i, v in enumerate(eigenvalues, 1)})
    return f"clusters in the first {whole.centroids.shape[1]} of {len(eigenvalues)} eigenvectors"


if __name__ == "__main__":
    main(spectralnet)
