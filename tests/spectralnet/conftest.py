"""Images, and a predictor of random weights for them."""

import numpy as np
import pytest
from models import random_model

from spectralnet.data.pixels import Pixels
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
