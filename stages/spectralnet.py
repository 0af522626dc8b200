"""Train the spectral map on an affinity graph, and cluster in the space it maps to."""

from pathlib import Path
from typing import Any

from spectralnet.artifacts import load_array, load_graph, load_matrix, save_array, save_json
from spectralnet.config.limits import check_points, check_supervision
from spectralnet.graph.supervision import Supervision
from spectralnet.membership.n_clusters import candidates, enough_for
from spectralnet.methods.growing.model import grow
from spectralnet.methods.model import ClusterModel
from spectralnet.methods.spectralnet import FITTING, SpectralClusters, train_spectralnet
from spectralnet.nets.devices import map_through
from spectralnet.nets.saved import load_net
from stages.common import Stage, copy_preparation, former_nets, main, save_history


def spectralnet(stage: Stage, data: Path, affinity: Path, model: Path) -> str:
    """Train the spectral map, fit centroids, and write the model as a whole."""
    found, growth = _train(stage, data, affinity)
    found.model.save(model)
    copy_preparation(data, model)
    save_array(model / "embedding.npy", found.assigned.embedding)
    save_array(model / "clusters.npy", found.assigned.clusters)
    save_array(model / "eigenvalues.npy", found.eigenvalues)
    for name in ("probabilities", "outlier_scores"):
        save_array(model / f"{name}.npy", getattr(found.assigned, name))
    if growth:
        save_json(model / "growth.json", growth)
    save_history(model, found.history)
    if found.fitting is not None:
        save_history(model, found.fitting, f"{FITTING}.csv")
    stage.run.log_curve(found.history)
    eigenvalues = {f"eigenvalue_{i}": float(v) for i, v in enumerate(found.eigenvalues, 1)}
    stage.run.log_metrics(eigenvalues | growth)
    chosen, used = found.model.centroids.shape
    said = f"{chosen} clusters in the first {used} of {len(eigenvalues)} eigenvectors"
    return said + "".join(f", {name} {value:.4g}" for name, value in growth.items())


def _train(stage: Stage, data: Path, affinity: Path) -> tuple[SpectralClusters, dict[str, float]]:
    """Train anew; or on from a former model, and say how much the points since then changed."""
    settings = stage.settings
    nets = load_net(affinity, "encoder"), load_net(affinity, "embedder")
    x = load_matrix(data / "matrix")
    check_points(x, settings)
    told = Supervision.load(data / "supervision")
    check_supervision(told, settings, stage.params.affinity)  # `prepare` knew other parameters
    given: tuple[Any, ...] = (
        map_through(x, stage.device, *nets),
        load_graph(affinity / "graph.npz"),
        enough_for(told.n_labels, candidates(settings.n_clusters, x)),
        settings.spectralnet,
        settings.graph,
    )
    options: dict[str, Any] = {
        "noise": settings.noise,
        "own_graph": not (stage.params.graph_is_given or told.told.any()),
        "seed": stage.params.seed,
        "device": stage.device,
        "checkpoint": stage.checkpoint(
            data / "matrix",
            data / "former",
            affinity / "encoder.safetensors",
            affinity / "embedder.safetensors",
            affinity / "graph.npz",
        ),
    }
    if former_nets(stage, data) is None:
        return train_spectralnet(*nets, *given, **options), {}
    former = load_array(data / "former/clusters.npy")
    grown = grow(ClusterModel.load(data / "former"), *given, former=former, **options)
    return grown.found, grown.metrics(former)


if __name__ == "__main__":
    main(spectralnet, trains=("spectralnet",))
