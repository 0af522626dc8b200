"""Find the nearest neighbours in the chosen space and write the Euclidean affinity graph."""

from pathlib import Path

from spectralnet.methods.affinities import euclidean
from stages.common import Stage, main
from stages.space import affinity_options, read_points, write_affinity


def graph(stage: Stage, data: Path, features: Path, affinity: Path) -> str:
    """Connect each point to its nearest neighbours."""
    points = read_points(stage, data, features)
    return write_affinity(stage, affinity, euclidean(points, affinity_options(stage, points)))


if __name__ == "__main__":
    main(graph)
