"""Find the nearest neighbours in the chosen space and write the Euclidean affinity graph."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spectralnet.affinity import affinity_graph, describe_graph, neighbour_scales
from spectralnet.artifacts import load_array, save_array, save_graph, save_json, save_mlp
from spectralnet.neighbours import nearest_neighbours
from spectralnet.nets import MLP
from spectralnet.validation import check_sizes
from stages.common import Stage, main


def graph(stage: Stage, features: Path, affinity: Path) -> str:
    """Connect each point to its nearest neighbours with Gaussian weights."""
    x = load_array(features / "features.npy")
    check_sizes(len(x), stage.settings)
    return write_affinity(stage, affinity, MLP([x.shape[1]]), x)


def write_affinity(
    stage: Stage, folder: Path, embedder: MLP, embedding: NDArray[np.float32]
) -> str:
    """Write what every affinity delivers: an embedder, and the graph of its embedding."""
    params = stage.settings.graph
    neighbours = nearest_neighbours(
        embedding, params.n_neighbours, params.search, stage.params.seed
    )
    weights = affinity_graph(neighbours, params.scale, params.scale_neighbour)
    scales = neighbour_scales(neighbours.distances, params.scale, params.scale_neighbour)
    about = describe_graph(weights, neighbours) | {"median_scale": float(np.median(scales))}
    save_mlp(folder, "embedder", embedder)
    save_array(folder / "neighbours.npy", neighbours.indices)
    save_graph(folder / "graph.npz", weights)
    save_json(folder / "about.json", about)
    stage.run.log_metrics(about)
    n_components = stage.settings.spectralnet.n_components
    if about["components"] >= n_components:
        print(
            f"warning: with {about['components']} connected components, the first {n_components} "
            "eigenvectors only tell some components apart: raise graph.n_neighbours"
        )
    return f"{about['edges']} edges, connected components: {about['components']}"


if __name__ == "__main__":
    main(graph)
