from types import SimpleNamespace

import numpy as np
import pytest
import torch

from spectralnet.artifacts import save_matrix, save_net
from spectralnet.defaults import default_settings
from spectralnet.errors import ParameterError
from spectralnet.nets import MLP
from stages.dual_autoencoder import dual_autoencoder
from stages.spectralnet import spectralnet


@pytest.mark.parametrize(
    ("n_clusters", "n_components", "message"),
    [(4, 3, "n_clusters = 4, but"), (3, 4, "spectralnet.n_components = 4, but")],
)
def test_equal_points_are_refused_though_prepare_may_come_from_the_cache(
    tmp_path, n_clusters, n_components, message
):
    save_matrix(tmp_path / "matrix", np.eye(3, dtype=np.float32).repeat(10, axis=0))
    for net in ("encoder", "embedder"):
        save_net(tmp_path, net, MLP([3]))
    settings = default_settings(30, n_clusters, {"spectralnet": {"n_components": n_components}})
    params = SimpleNamespace(seed=0)
    stage = SimpleNamespace(settings=settings, params=params, device=torch.device("cpu"))
    for run, n_folders in ((spectralnet, 3), (dual_autoencoder, 2)):
        with pytest.raises(ParameterError, match=f"{message} there are 3 distinct points"):
            run(stage, *[tmp_path] * n_folders)
