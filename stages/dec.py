"""Cluster by DEC, from the encoder of an autoencoder."""

from pathlib import Path

from spectralnet.artifacts import load_matrix, save_table
from spectralnet.config.limits import check_sizes
from spectralnet.methods.dec.training import train_dec
from spectralnet.nets.saved import load_net
from stages.common import Stage, main
from stages.method import register_model, write_clustering


def dec(stage: Stage, data: Path, features: Path, clusters: Path) -> str:
    """Move the codes of an encoder towards centroids until the clusters stand still."""
    x, encoder = load_matrix(data / "matrix"), load_net(features, "encoder")
    check_sizes(x.shape[0], stage.settings)
    model, history = train_dec(
        x,
        encoder,
        stage.settings.n_clusters,
        stage.params.dec,
        seed=stage.params.seed,
        device=stage.device,
        checkpoint=stage.checkpoint(data / "matrix", features / "encoder.safetensors"),
    )
    model.save(clusters)
    save_table(clusters / "history.csv", history)
    stage.run.log_curve(history)
    found = model.predict(x, stage.device)
    held_out = model.predict(load_matrix(data / "held_out_matrix"), stage.device)
    score = write_clustering(stage, data, [data, features], clusters, found, held_out)
    register_model(stage, data, clusters)
    return f"{score}, {len(history)} rounds, the last changed {history['changed'].iloc[-1]:.2%}"


if __name__ == "__main__":
    main(dec, method=None)
