"""Cluster by the Dual Autoencoder Network."""

from pathlib import Path

from spectralnet.artifacts import load_json, load_matrix, save_table
from spectralnet.config.limits import check_points
from spectralnet.methods.dual_autoencoder.training import train_dual_autoencoder_network
from stages.common import Stage, main
from stages.method import register_model, write_clustering


def dual_autoencoder(stage: Stage, data: Path, clusters: Path) -> str:
    """Train the dual autoencoder, spectral clustering of its codes, and both together."""
    settings, x = stage.settings, load_matrix(data / "matrix")
    check_points(x, settings)
    found, history = train_dual_autoencoder_network(
        x,
        load_json(data / "about.json")["image_shape"],
        settings.n_clusters,
        stage.params.dual_autoencoder,
        settings.graph,
        settings.spectralnet,
        seed=stage.params.seed,
        device=stage.device,
        checkpoint=stage.checkpoint(data / "matrix"),
    )
    found.model.save(clusters)
    save_table(clusters / "history.csv", history)
    for phase, curve in history.groupby("phase"):
        names = {name: f"{phase}.{name}" for name in curve.columns.drop(["phase", "epoch"])}
        stage.run.log_curve(curve.drop(columns="phase").rename(columns=names))
    held_out = found.model.predict(load_matrix(data / "held_out_matrix"), stage.device)
    score = write_clustering(stage, data, [data], clusters, found.assigned.clusters, held_out)
    register_model(stage, data, clusters)
    return score


if __name__ == "__main__":
    main(dual_autoencoder, method=None)
