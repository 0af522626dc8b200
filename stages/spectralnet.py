"""Train the spectral map on an affinity graph, and cluster in the space it maps to."""

from pathlib import Path

from spectralnet.artifacts import load_graph, load_matrix, save_array
from spectralnet.config.limits import check_points, check_supervision
from spectralnet.graph.supervision import Supervision
from spectralnet.membership.n_clusters import candidates, enough_for
from spectralnet.methods.spectralnet import train_spectralnet
from spectralnet.nets.devices import map_through
from spectralnet.nets.saved import load_net
from stages.common import Stage, copy_preparation, main, save_history


def spectralnet(stage: Stage, data: Path, affinity: Path, model: Path) -> str:
    """Train the spectral map, fit centroids, and write the model as a whole."""
    settings = stage.settings
    encoder, embedder = load_net(affinity, "encoder"), load_net(affinity, "embedder")
    x = load_matrix(data / "matrix")
    check_points(x, settings)
    told = Supervision.load(data / "supervision")
    check_supervision(told, settings, stage.params.affinity)  # `prepare` knew other parameters
    n_clusters = enough_for(told.n_labels, candidates(settings.n_clusters, x))
    found = train_spectralnet(
        encoder,
        embedder,
        map_through(x, stage.device, encoder, embedder),
        load_graph(affinity / "graph.npz"),
        n_clusters,
        settings.spectralnet,
        settings.graph,
        noise=settings.noise,
        own_graph=not (stage.params.graph_is_given or told.told.any()),
        seed=stage.params.seed,
        device=stage.device,
        checkpoint=stage.checkpoint(
            data / "matrix",
            affinity / "encoder.safetensors",
            affinity / "embedder.safetensors",
            affinity / "graph.npz",
        ),
    )
    found.model.save(model)
    copy_preparation(data, model)
    save_array(model / "embedding.npy", found.assigned.embedding)
    save_array(model / "clusters.npy", found.assigned.clusters)
    save_array(model / "eigenvalues.npy", found.eigenvalues)
    for name in ("probabilities", "outlier_scores"):
        save_array(model / f"{name}.npy", getattr(found.assigned, name))
    save_history(model, found.history)
    stage.run.log_curve(found.history)
    eigenvalues = {f"eigenvalue_{i}": float(v) for i, v in enumerate(found.eigenvalues, 1)}
    stage.run.log_metrics(eigenvalues)
    chosen, used = found.model.centroids.shape
    return f"{chosen} clusters in the first {used} of {len(eigenvalues)} eigenvectors"


if __name__ == "__main__":
    main(spectralnet, trains=("spectralnet",))
