"""What the stages of affinities read and write."""

from pathlib import Path

from spectralnet.artifacts import (
    load_array,
    load_json,
    load_matrix,
    save_graph,
    save_json,
)
from spectralnet.config.limits import check_sizes
from spectralnet.methods.affinities import Affinity, AffinityOptions, PointsInSpace
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.saved import load_net, save_net
from stages.common import Stage


def read_points(stage: Stage, data: Path, features: Path) -> PointsInSpace:
    """Read the prepared points, and where they are in the space; too few are refused."""
    x = load_matrix(data / "matrix")
    check_sizes(x.shape[0], stage.settings)
    return PointsInSpace(
        x,
        load_matrix(features / "matrix"),
        load_net(features, "encoder"),
        load_json(data / "about.json")["image_shape"],
        load_array(data / "known_labels.npy"),
    )


def affinity_options(
    stage: Stage, points: PointsInSpace, checkpoint: Checkpoint | None = None
) -> AffinityOptions:
    """Say how the parameters want an affinity to be made."""
    return AffinityOptions(
        stage.settings.graph,
        stage.settings.siamese,
        stage.params.seed,
        stage.device,
        stage.augmentation(points.image_shape),
        checkpoint,
    )


def write_affinity(stage: Stage, folder: Path, made: Affinity) -> str:
    """Write what every affinity delivers: nets, graph and what there is to say about it."""
    save_net(folder, "encoder", made.encoder)
    save_net(folder, "embedder", made.embedder)
    save_graph(folder / "graph.npz", made.graph)
    save_json(folder / "about.json", made.about)
    stage.run.log_metrics(made.about)
    return f"{made.about['edges']} edges, connected components: {made.about['components']}"
