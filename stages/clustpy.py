"""Cluster by a deep method of ClustPy, with that library's own defaults."""

from pathlib import Path

import numpy as np
import torch

from spectralnet.artifacts import load_matrix
from spectralnet.errors import ParameterError
from spectralnet.matrices import dense_rows
from stages.common import Stage, main
from stages.method import write_clustering


def clustpy(stage: Stage, data: Path, clusters: Path) -> str:
    """Fit the class of ``clustpy.deep`` that the output folder is named after."""
    try:
        from clustpy import deep
    except ImportError as error:
        raise ParameterError(
            "clustpy is not installed: `pip install -c constraints.txt -e '.[rivals]'`"
        ) from error
    x, held_out = (
        dense_rows(load_matrix(data / name), slice(None)) for name in ("matrix", "held_out_matrix")
    )
    torch.manual_seed(stage.params.seed)
    method = getattr(deep, clusters.name)(
        stage.settings.n_clusters, device=stage.device, random_state=stage.params.seed
    )
    method.fit(x)
    found = method.predict(held_out).astype(np.int64) if len(held_out) else None
    return write_clustering(stage, data, [data], clusters, method.labels_.astype(np.int64), found)


if __name__ == "__main__":
    main(clustpy, method=None)
