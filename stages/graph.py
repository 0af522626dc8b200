"""Find the nearest neighbours in the chosen space and write the Euclidean affinity graph."""

from pathlib import Path

from spectralnet.artifacts import load_matrix, save_graph, save_json
from spectralnet.config.limits import check_sizes, check_supervision
from spectralnet.graph.supervision import Supervision
from spectralnet.methods.affinities import Affinity, AffinityOptions, PointsInSpace, euclidean
from spectralnet.nets.saved import load_net, save_net
from stages.common import Stage, main


def graph(stage: Stage, data: Path, features: Path, affinity: Path) -> str:
    """Connect each point to its nearest neighbours."""
    x = load_matrix(features / "matrix")
    check_sizes(x.shape[0], stage.settings)
    told = Supervision.load(data / "supervision")
    check_supervision(told, stage.settings, stage.params.affinity)
    points = PointsInSpace(x, x, load_net(features, "encoder"), supervision=told)
    options = AffinityOptions(stage.settings.graph, None, stage.params.seed, stage.device)
    return write_affinity(stage, affinity, euclidean(points, options))


def write_affinity(stage: Stage, folder: Path, made: Affinity) -> str:
    """Write what every affinity delivers: nets, graph and what there is to say about it."""
    save_net(folder, "encoder", made.encoder)
    save_net(folder, "embedder", made.embedder)
    save_graph(folder / "graph.npz", made.graph)
    save_json(folder / "about.json", made.about)
    stage.run.log_metrics(made.about)
    return f"{made.about['edges']} edges, connected components: {made.about['components']}"


if __name__ == "__main__":
    main(graph)
