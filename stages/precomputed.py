"""Take the affinity graph that the user gives in place of ours."""

import zipfile
from pathlib import Path

from spectralnet.affinity import check_graph
from spectralnet.artifacts import load_graph, load_matrix, load_net
from spectralnet.errors import DataError
from spectralnet.nets import MLP
from stages.common import Stage, main
from stages.graph import write_graph


def precomputed(stage: Stage, features: Path, given: Path, affinity: Path) -> str:
    """Check the user's graph, and write what every affinity delivers."""
    x = load_matrix(features / "matrix")
    try:
        weights = load_graph(given)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(
            f"own.precomputed = {given} cannot be read ({error}): scipy.sparse.save_npz writes it"
        ) from error
    graph = check_graph(weights, x.shape[0], f"own.precomputed = {given}")
    encoder, embedder = load_net(features, "encoder"), MLP([x.shape[1]])
    return write_graph(stage, affinity, encoder, embedder, graph, {})


if __name__ == "__main__":
    main(precomputed)
