"""Take the affinity graph that the user gives in place of ours."""

from pathlib import Path

from spectralnet.artifacts import load_matrix
from spectralnet.data.given_graph import read_graph
from spectralnet.methods.affinities import PointsInSpace, given_affinity
from spectralnet.nets.saved import load_net
from stages.common import Stage, main
from stages.graph import write_affinity


def precomputed(stage: Stage, features: Path, given: Path, affinity: Path) -> str:
    """Check the user's graph, and write what every affinity delivers."""
    x = load_matrix(features / "matrix")
    points = PointsInSpace(x, x, load_net(features, "encoder"))
    return write_affinity(stage, affinity, given_affinity(points, read_graph(given, x.shape[0])))


if __name__ == "__main__":
    main(precomputed)
