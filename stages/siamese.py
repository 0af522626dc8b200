"""Learn a metric from the graph's neighbours and write the affinity graph in it."""

from pathlib import Path

from spectralnet.artifacts import load_array, save_table
from spectralnet.nets import map_in_chunks
from spectralnet.siamese import train_siamese
from spectralnet.validation import check_sizes
from stages.common import Stage, main
from stages.graph import write_affinity


def siamese(stage: Stage, features: Path, graph: Path, affinity: Path) -> str:
    """Train a Siamese net on the graph's neighbours, and connect neighbours in its embedding."""
    x = load_array(features / "features.npy")
    check_sizes(len(x), stage.settings)
    net, history = train_siamese(
        x,
        load_array(graph / "neighbours.npy"),
        stage.settings.siamese,
        seed=stage.params.seed,
        device=stage.device,
        checkpoint=stage.checkpoint(features / "features.npy", graph / "neighbours.npy"),
    )
    save_table(affinity / "history.csv", history)
    stage.run.log_curve(history)
    described = write_affinity(stage, affinity, net, map_in_chunks(net, x, stage.device))
    stage.run.log_model(net, "embedder", x.shape[1])
    return f"held-out loss {history['held_out_loss'].min():.4f}, {described}"


if __name__ == "__main__":
    main(siamese)
