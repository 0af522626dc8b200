"""Points and settings for all rooms; images, and a predictor of random weights for them."""

import numpy as np
import pytest
from models import random_model

from spectralnet.config.defaults import default_settings
from spectralnet.config.settings import Settings
from spectralnet.data.pixels import Pixels
from spectralnet.graph.affinity import GraphParams, affinity_graph
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.methods.dual_autoencoder.net import DualAutoencoderParams, JointParams
from spectralnet.methods.predictor import Predictor


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (50, 2, 3), dtype=np.uint8)


@pytest.fixture
def predictor():
    return Predictor(Pixels((2, 3), 255), random_model(6))


@pytest.fixture
def folder(predictor, tmp_path):
    predictor.save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def settings() -> Settings:
    # Those of the pipeline's `digits`, as test_estimators_spectralnet.py asserts.
    return default_settings(1797, 10)


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
