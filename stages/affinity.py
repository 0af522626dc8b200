"""Learn a metric from the graph's neighbours and write the affinity graph that it leads to."""

from pathlib import Path

from spectralnet.artifacts import load_graph, load_json, load_matrix
from spectralnet.config.limits import check_sizes, check_supervision
from spectralnet.graph.supervision import Supervision
from spectralnet.methods.affinities import AffinityOptions, PointsInSpace
from spectralnet.methods.learned import LEARNED, in_learned_metric
from spectralnet.nets.saved import load_net
from stages.common import Stage, former_nets, main, save_history
from stages.graph import write_affinity


def affinity(stage: Stage, data: Path, features: Path, graph: Path, learned: Path) -> str:
    """Make the affinity that the output's folder is named after, of the Euclidean graph."""
    points = read_points(stage, data, features)
    options = AffinityOptions(
        stage.settings.graph,
        getattr(stage.settings, stage.name, None),  # its own part, if it has one
        stage.params.seed,
        stage.device,
        stage.augmentation(points.image_shape),
        stage.checkpoint(data / "matrix", features / "matrix", graph / "graph.npz"),
    )
    if (former := former_nets(stage, data)) is not None:
        made = in_learned_metric(points, options, *former)
    else:
        made = LEARNED[stage.name](points, options, load_graph(graph / "graph.npz"))
    described = write_affinity(stage, learned, made)
    if made.history is None:
        return described
    save_history(learned, made.history)
    stage.run.log_curve(made.history)
    stage.run.log_model(made.embedder, "embedder")
    return f"held-out loss {made.history['held_out_loss'].min():.4f}, {described}"


def read_points(stage: Stage, data: Path, features: Path) -> PointsInSpace:
    """Read the prepared points, and where they are in the space; too few are refused."""
    x = load_matrix(data / "matrix")
    check_sizes(x.shape[0], stage.settings)
    told = Supervision.load(data / "supervision")
    check_supervision(told, stage.settings, stage.params.affinity)
    return PointsInSpace(
        x,
        load_matrix(features / "matrix"),
        load_net(features, "encoder"),
        load_json(data / "about.json")["image_shape"],
        told,
    )


if __name__ == "__main__":
    main(affinity, named=lambda folder: folder.parent.name, trains=("siamese",))
