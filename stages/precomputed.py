"""Take the affinity graph that the user gives in place of ours."""

from pathlib import Path

from spectralnet.artifacts import load_matrix
from spectralnet.data.given_graph import read_graph
from spectralnet.graph.affinity import describe_graph
from spectralnet.methods.affinities import Affinity
from spectralnet.nets.blocks import MLP
from spectralnet.nets.saved import load_net
from stages.common import Stage, main
from stages.graph import write_affinity


def precomputed(stage: Stage, features: Path, given: Path, affinity: Path) -> str:
    """Check the user's graph, and write what every affinity delivers."""
    x = load_matrix(features / "matrix")
    graph = read_graph(given, x.shape[0])
    encoder, identity = load_net(features, "encoder"), MLP([x.shape[1]])
    return write_affinity(
        stage, affinity, Affinity(encoder, identity, x, graph, describe_graph(graph))
    )


if __name__ == "__main__":
    main(precomputed)
