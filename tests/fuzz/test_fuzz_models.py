"""Damaged models: each works, or is refused by an error of ours, at once and in little memory."""

import json
from contextlib import suppress

import numpy as np
import pytest
import torch
from fuzzing import ODD_JSON, at_once, changed, damaged
from hypothesis import given
from hypothesis import strategies as st
from models import random_hierarchy

from spectralnet.data.pixels import Pixels
from spectralnet.data.preparation import Columns
from spectralnet.data.texts import Tfidf
from spectralnet.errors import SpectralNetError
from spectralnet.estimators.dec import DEC
from spectralnet.methods.dec.model import DECModel
from spectralnet.methods.model import ClusterModel
from spectralnet.methods.predictor import Predictor
from spectralnet.nets.blocks import MLP, ConvNet
from spectralnet.nets.devices import seeded
from spectralnet.nets.gradients import OrientedGradients
from spectralnet.spectral.map import SpectralMap

ROWS = np.random.default_rng(0).random((5, 6))
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
TEXTS = ["wheat prices rose", "oil prices fell", "wheat and oil"]


def predictors():
    with seeded(0):
        tail = MLP([512]), SpectralMap([512, 4, 3]), torch.randn(3, 2)
        plain = MLP([6, 5]), MLP([5]), SpectralMap([5, 4, 3]), torch.randn(3, 2), torch.ones(2)
        scaled = Columns(6, list(range(6)), np.zeros(6), np.ones(6), names=list("abcdef"), reach=10)
        yield Predictor(scaled, ClusterModel(*plain, hierarchy=random_hierarchy())), ROWS
        yield Predictor(Pixels((4, 3), 255), ClusterModel(OrientedGradients((4, 3)), *tail)), IMAGES
        convolutions = MLP([12]), ConvNet((4, 3), [2], [4]), SpectralMap([4, 3]), torch.randn(3, 3)
        yield Predictor(Pixels((4, 3), 255), ClusterModel(*convolutions)), IMAGES
        texts = Tfidf.fit(TEXTS, 5)
        encoder = MLP([texts.n_features, 2])
        yield Predictor(texts, DECModel(encoder, torch.randn(3, 2))), TEXTS


CASES = list(predictors())


def works_or_is_refused(folder, raw):
    try:
        loaded = Predictor.load(folder)
        found = loaded.predict(raw)
        if loaded.hierarchy is not None:
            assert loaded.predict(raw, n_clusters=4).clusters.min() >= 0
    except SpectralNetError:
        return
    assert np.isfinite(found.distances).all()
    assert np.isfinite(found.embedding).all()
    assert found.clusters.min() >= 0


@given(
    case=st.sampled_from(CASES),
    name=st.sampled_from(["model.json", "preparation.json"]),
    value=ODD_JSON,
    seed=st.integers(0, 2**32),
)
def test_a_changed_description(tmp_path_factory, case, name, value, seed):
    predictor, raw = case
    folder = tmp_path_factory.mktemp("model")
    predictor.save(folder)
    (folder / "manifest.json").unlink(missing_ok=True)
    described = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps(changed(described, value, np.random.default_rng(seed))))
    with at_once():
        works_or_is_refused(folder, raw)


@given(case=st.sampled_from(CASES), data=st.data())
def test_damaged_bytes(tmp_path_factory, case, data):
    predictor, raw = case
    folder = tmp_path_factory.mktemp("model")
    predictor.save(folder)
    (folder / "manifest.json").unlink(missing_ok=True)
    path = data.draw(st.sampled_from(sorted(folder.iterdir())))
    path.write_bytes(data.draw(damaged(path.read_bytes())))
    with at_once():
        works_or_is_refused(folder, raw)


@pytest.fixture(scope="module")
def estimator():
    quick = {"epochs": 1, "layer_epochs": 1, "hidden": [4], "code_size": 2}
    return DEC(2, stacked=quick, dec={"epochs": 1}, random_state=0).fit(ROWS)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@given(value=ODD_JSON, seed=st.integers(0, 2**32))
def test_a_changed_estimator(tmp_path_factory, estimator, value, seed):
    folder = tmp_path_factory.mktemp("estimator")
    estimator.save(folder)
    (folder / "manifest.json").unlink(missing_ok=True)
    about = json.loads((folder / "estimator.json").read_text())
    about = changed(about, value, np.random.default_rng(seed))
    (folder / "estimator.json").write_text(json.dumps(about))
    with at_once():
        try:
            loaded = DEC.load(folder)
        except SpectralNetError:
            return
        with suppress(ValueError, TypeError):  # scikit-learn's name parameters and columns
            assert (loaded.predict(ROWS) >= 0).all()


def test_300_bytes_do_not_take_gigabytes(tmp_path):
    predictor, _ = CASES[0]
    predictor.save(tmp_path)
    (tmp_path / "manifest.json").unlink(missing_ok=True)
    described = json.loads((tmp_path / "model.json").read_text())
    for changes in (
        {"spectral_map": [4, 30000, 30000, 3]},
        {"encoder": {"kind": "gradients", "image_shape": [10**6, 10**6]}},
        {"spectral_map": [5] * 10**5},
        {"centroids": [10**12, 2]},
    ):
        (tmp_path / "model.json").write_text(json.dumps(described | changes))
        with at_once(), pytest.raises(SpectralNetError, match="is damaged: "):
            Predictor.load(tmp_path)


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    with seeded(0):
        for broken in (np.nan, np.inf, -np.inf):
            model = ClusterModel(MLP([6, 5]), MLP([5]), SpectralMap([5, 3]), torch.randn(3, 2))
            model.encoder[0].weight.data[0, 0] = broken
            Predictor(Columns(6), model).save(tmp_path)
            with pytest.raises(SpectralNetError, match="is damaged: row 0"):
                Predictor.load(tmp_path)
