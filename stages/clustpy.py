"""Cluster by a deep method of ClustPy, with that library's own defaults."""

from pathlib import Path

import numpy as np
import torch

from spectralnet.artifacts import load_matrix
from spectralnet.errors import ParameterError
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
    x = load_matrix(data / "matrix")
    x = np.asarray(x if isinstance(x, np.ndarray) else x.toarray())
    torch.manual_seed(stage.params.seed)
    method = getattr(deep, clusters.name)(
        stage.settings.n_clusters, device=stage.device, random_state=stage.params.seed
    )
    method.fit(x)
    held_out = load_matrix(data / "held_out_matrix")
    found = method.predict(np.asarray(held_out)).astype(np.int64) if held_out.shape[0] else None
    return write_clustering(stage, data, [data], clusters, method.labels_.astype(np.int64), found)


if __name__ == "__main__":
    main(clustpy, is_method=True)
