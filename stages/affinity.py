"""Learn a metric from the graph's neighbours and write the affinity graph that it leads to."""

from pathlib import Path

from spectralnet.artifacts import load_graph, save_table
from spectralnet.methods.learned import LEARNED
from stages.common import Stage, main
from stages.space import affinity_options, read_points, write_affinity


def affinity(stage: Stage, data: Path, features: Path, graph: Path, learned: Path) -> str:
    """Make the affinity that the output's folder is named after, of the Euclidean graph."""
    points = read_points(stage, data, features)
    checkpoint = stage.checkpoint(data / "matrix", features / "matrix", graph / "graph.npz")
    made = LEARNED[stage.name](
        points, affinity_options(stage, points, checkpoint), load_graph(graph / "graph.npz")
    )
    described = write_affinity(stage, learned, made)
    if made.history is None:
        return described
    save_table(learned / "history.csv", made.history)
    stage.run.log_curve(made.history)
    stage.run.log_model(made.embedder, "embedder", made.embedder.n_features)
    return f"held-out loss {made.history['held_out_loss'].min():.4f}, {described}"


if __name__ == "__main__":
    main(affinity, named=lambda folder: folder.parent.name)
