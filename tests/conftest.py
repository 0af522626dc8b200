import os
from pathlib import Path

import numpy as np
import pytest
import torch
from clones import TINY, Clone
from warm import warm_python

from spectralnet.config.defaults import default_settings
from spectralnet.config.settings import Settings
from spectralnet.graph.affinity import GraphParams, affinity_graph
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.methods.dual_autoencoder.net import DualAutoencoderParams, JointParams

# Its thread changes the environment while other threads read it: then requests fail.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")


def pytest_addoption(parser):
    parser.addoption("--screenshots", type=Path, help="keep pictures of pages in this folder")


@pytest.fixture
def screenshots(request, tmp_path) -> Path:
    return request.config.getoption("--screenshots") or tmp_path


@pytest.fixture
def settings() -> Settings:
    # Those of the pipeline's `digits`, as test_estimators_spectralnet.py asserts.
    return default_settings(1797, 10)


@pytest.fixture
def cpu() -> torch.device:
    return torch.device("cpu")


@pytest.fixture
def blobs():
    """Three blobs whose 6-nearest-neighbour graph is connected."""
    generator = np.random.default_rng(0)
    centres = generator.normal(0, 1.5, (3, 4))
    points = centres[np.repeat(np.arange(3), 60)] + generator.normal(0, 1, (180, 4))
    return points.astype(np.float32)


@pytest.fixture
def graph_params() -> GraphParams:
    return GraphParams(n_neighbours=6, search="exact", scale="local", scale_neighbour=3, overlap=2)


@pytest.fixture
def blob_graph(blobs, graph_params):
    return affinity_graph(nearest_neighbours(blobs, 6), graph_params)


@pytest.fixture
def dual_params() -> DualAutoencoderParams:
    return DualAutoencoderParams(
        channels=[8, 8],
        hidden=[64],
        code_size=8,
        noise=0.3,
        relative=0.5,
        prior=0.1,
        global_information=5.0,
        local_information=5.0,
        epochs=8,
        batch_size=32,
        learning_rate=0.005,
        patience=5,
        held_out=0.1,
        joint=JointParams(
            steps_per_epoch=20,
            spectral=10.0,
            epochs=4,
            batch_size=64,
            learning_rate=0.002,
            patience=5,
            held_out=0.1,
        ),
    )


@pytest.fixture(scope="session")
def warm(tmp_path_factory):
    with warm_python(tmp_path_factory.mktemp("warm")) as folder:
        yield folder


@pytest.fixture(scope="session")
def clone(tmp_path_factory, warm):
    return Clone(tmp_path_factory.mktemp("clone"), warm)


@pytest.fixture(scope="session")
def code_siamese(clone):
    ran = clone.experiment("code-siamese", **TINY)
    clone.git("commit", "--quiet", "--all", "--message", "first run")
    return ran


@pytest.fixture(scope="session")
def code_euclidean(clone, code_siamese):
    return clone.experiment("code-euclidean", affinity="euclidean")


@pytest.fixture(scope="session")
def input_euclidean(clone, code_euclidean):
    return clone.experiment("input-euclidean", space="input")


@pytest.fixture(scope="session")
def described(clone, input_euclidean, tmp_path_factory):
    """Run the default, `space: auto`, in a copy, which leaves the first clone as it is."""
    copy = clone.copy(tmp_path_factory.mktemp("described") / "clone")
    copy.git("checkout", "--quiet", "HEAD", "--", ".")
    ran = copy.experiment("auto-euclidean", space="auto", affinity="euclidean")
    copy.git("commit", "--quiet", "--all", "--message", "the default")
    return copy, ran
