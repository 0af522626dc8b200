"""What several stages read and write."""

import shutil
from pathlib import Path

import pandas as pd

from spectralnet.artifacts import (
    EXAMPLE,
    load_array,
    load_json,
    load_matrix,
    save_graph,
    save_json,
    save_matrix,
    save_table,
)
from spectralnet.codes.autoencoder import Autoencoder
from spectralnet.config.limits import check_sizes
from spectralnet.matrices import Matrix
from spectralnet.methods.affinities import Affinity, AffinityOptions, PointsInSpace
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.devices import map_in_chunks
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


def write_codes(
    stage: Stage, codes: Path, x: Matrix, net: Autoencoder, history: pd.DataFrame
) -> str:
    """Write what every autoencoder delivers: codes, encoder and learning curve."""
    save_matrix(codes / "matrix", map_in_chunks(net.encoder, x, stage.device))
    save_net(codes, "encoder", net.encoder)
    save_table(codes / "history.csv", history)
    stage.run.log_curve(history)
    stage.run.log_model(net.encoder, "encoder", x.shape[1])
    loss = history["held_out_loss"].min()
    return f"codes of size {net.encoder.sizes[-1]}, held-out loss {loss:.5f}"


def copy_preparation(data: Path, model: Path) -> None:
    """Put beside a saved model what makes it take raw samples, and some of these."""
    for name in ("preparation.json", EXAMPLE):
        shutil.copyfile(data / name, model / name)
