from pathlib import Path

import numpy as np
import pytest
import torch

from spectralnet import folders
from spectralnet.data.pixels import Pixels
from spectralnet.errors import DataError
from spectralnet.folders import MANIFEST, check_manifest, whole_folder
from spectralnet.methods import predictor as predictors
from spectralnet.methods.model import ClusterModel
from spectralnet.methods.predictor import Predictor
from spectralnet.nets.blocks import MLP
from spectralnet.nets.devices import seeded
from spectralnet.spectral.map import SpectralMap


def predictor(seed):
    with seeded(seed):
        parts = MLP([6, 3]), MLP([3]), SpectralMap([3, 5, 2])
        return Predictor(Pixels((2, 3), 255), ClusterModel(*parts, torch.randn(3, 2)))


@pytest.fixture
def saved(tmp_path):
    predictor(0).save(tmp_path / "model")
    return tmp_path / "model"


def stop(*arguments):
    raise KeyboardInterrupt


def test_an_interrupted_save_leaves_the_model_of_before(saved, monkeypatch):
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    monkeypatch.setattr(predictors, "save_json", stop)  # of the preparation, the last file
    with pytest.raises(KeyboardInterrupt):
        predictor(1).save(saved)
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


def test_a_save_replaces_its_own_files_alone(saved):
    (saved / "notes.txt").write_text("mine")
    (saved / "more").mkdir()
    (saved / "more/data.csv").write_text("mine too")
    mode = saved.stat().st_mode
    predictor(1).save(saved)
    assert (saved / "notes.txt").read_text() == "mine"
    assert (saved / "more/data.csv").read_text() == "mine too"
    assert saved.stat().st_mode == mode
    x = np.random.default_rng(0).random((20, 2, 3)) * 255
    expected = predictor(1).predict(x)
    np.testing.assert_array_equal(Predictor.load(saved).predict(x).distances, expected.distances)


def test_a_save_does_not_replace_what_is_no_models(tmp_path):
    (tmp_path / "model.safetensors").write_text("mine")
    with pytest.raises(DataError, match=r"holds a model\.safetensors that is no model's"):
        predictor(0).save(tmp_path)
    assert (tmp_path / "model.safetensors").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_a_mixture_of_two_models_is_refused(saved, tmp_path):
    predictor(1).save(tmp_path / "other")
    (saved / "model.safetensors").write_bytes((tmp_path / "other/model.safetensors").read_bytes())
    with pytest.raises(DataError, match=r"model\.safetensors is not the file that was saved with"):
        Predictor.load(saved)
    (saved / MANIFEST).unlink()  # as former versions saved
    Predictor.load(saved)


def test_a_changed_bit_is_noticed(saved):
    weights = bytearray((saved / "model.safetensors").read_bytes())
    weights[-3] ^= 1
    (saved / "model.safetensors").write_bytes(weights)
    with pytest.raises(DataError, match="is not the file that was saved"):
        ClusterModel.load(saved)
    (saved / MANIFEST).write_text("[1")
    with pytest.raises(DataError, match=r"manifest\.json is damaged"):
        ClusterModel.load(saved)


def test_where_folders_cannot_be_exchanged_files_of_others_stay(saved, monkeypatch):
    (saved / "more").mkdir()
    (saved / "more/data.csv").write_text("mine")
    with whole_folder(saved) as partial:
        (partial / "old.npy").write_text("of the first save")
    monkeypatch.setattr(folders, "_exchange", lambda *_: False)
    predictor(1).save(saved)
    assert (saved / "more/data.csv").read_text() == "mine"
    assert not (saved / "old.npy").exists()
    check_manifest(saved)


def test_where_folders_cannot_be_exchanged_a_mixture_is_told(saved, monkeypatch):
    monkeypatch.setattr(folders, "_exchange", lambda *_: False)
    replace, moved = folders.os.replace, []

    def cut_off(source, target):
        if target.parent == saved and len(moved) == 2:  # with the weights
            raise KeyboardInterrupt
        moved.extend([target] if target.parent == saved else [])
        replace(source, target)

    monkeypatch.setattr(folders.os, "replace", cut_off)
    with pytest.raises(KeyboardInterrupt):
        predictor(1).save(saved)
    monkeypatch.setattr(folders.os, "replace", replace)
    with pytest.raises(DataError, match="a save was cut off"):
        Predictor.load(saved)
    predictor(1).save(saved)
    check_manifest(saved)


def test_where_one_works_stays_a_folder(saved, monkeypatch):
    monkeypatch.chdir(saved)
    predictor(1).save(Path())
    assert {path.name for path in Path().iterdir()} == {path.name for path in saved.iterdir()}
    check_manifest(Path())


def test_a_link_to_a_folder_stays_one(saved, tmp_path):
    (tmp_path / "link").symlink_to(saved)
    with whole_folder(tmp_path / "link") as partial:
        (partial / "a.txt").write_text("a")
    assert (tmp_path / "link").is_symlink()
    assert (saved / "a.txt").read_text() == "a"
    assert not (saved / "model.json").exists()  # it was of the save before
