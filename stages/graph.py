"""Find the nearest neighbours in the chosen space and write the Euclidean affinity graph."""

from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from spectralnet.artifacts import load_array, load_matrix, save_graph, save_json
from spectralnet.config.limits import check_sizes
from spectralnet.graph.affinity import (
    affinity_graph,
    describe_graph,
    describe_neighbours,
    neighbour_scales,
    with_confirmed,
    with_known_labels,
)
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.matrices import Matrix
from spectralnet.nets.blocks import MLP, ConvNet
from spectralnet.nets.saved import load_net, save_net
from stages.common import Stage, main


def graph(stage: Stage, data: Path, features: Path, affinity: Path) -> str:
    """Connect each point to its nearest neighbours."""
    x = load_matrix(features / "matrix")
    check_sizes(x.shape[0], stage.settings)
    return write_affinity(
        stage, data, affinity, load_net(features, "encoder"), MLP([x.shape[1]]), x
    )


def write_affinity(
    stage: Stage,
    data: Path,
    folder: Path,
    encoder: MLP | ConvNet,
    embedder: MLP | ConvNet,
    embedding: Matrix,
    confirmed: csr_array | None = None,
) -> str:
    """Write what every affinity delivers: the nets from data to embedding, and its graph.

    That is the mean of the embedding's and of the `confirmed` one, if there is one.
    """
    params = stage.settings.graph
    neighbours = nearest_neighbours(
        embedding, params.n_neighbours, params.search, stage.params.seed
    )
    weights = with_confirmed(affinity_graph(neighbours, params), confirmed)
    known = load_array(data / "known_labels.npy")
    weights = with_known_labels(weights, known, stage.params.seed)
    scales = neighbour_scales(neighbours.distances, params.scale, params.scale_neighbour)
    about = describe_neighbours(neighbours) | {"median_scale": float(np.median(scales))}
    return write_graph(stage, folder, encoder, embedder, weights, about)


def write_graph(
    stage: Stage,
    folder: Path,
    encoder: MLP | ConvNet,
    embedder: MLP | ConvNet,
    weights: csr_array,
    about: dict[str, Any],
) -> str:
    """Write nets, graph and what there is to say about it."""
    about = describe_graph(weights) | about
    save_net(folder, "encoder", encoder)
    save_net(folder, "embedder", embedder)
    save_graph(folder / "graph.npz", weights)
    save_json(folder / "about.json", about)
    stage.run.log_metrics(about)
    return f"{about['edges']} edges, connected components: {about['components']}"


if __name__ == "__main__":
    main(graph)
