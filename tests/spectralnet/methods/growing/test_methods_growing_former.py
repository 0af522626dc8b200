import shutil

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_blobs

from spectralnet import DEC, SpectralNet
from spectralnet.config.defaults import default_settings
from spectralnet.config.limits import check_former
from spectralnet.data.pixels import Pixels
from spectralnet.data.preparation import Columns
from spectralnet.errors import DataError, ParameterError
from spectralnet.methods.growing.former import Former

QUICK = {"hidden": [16], "epochs": 2, "steps_per_epoch": 5}


@pytest.fixture(scope="module")
def blobs():
    return make_blobs(120, centers=3, random_state=0)[0]


@pytest.fixture(scope="module")
def saved(tmp_path_factory, blobs):
    folders = {}
    for name, changes in {
        "plain": {},
        "code": {"space": "code", "autoencoder": {"epochs": 1}},
        "siamese": {"affinity": "siamese", "siamese": {"epochs": 1}},
    }.items():
        folders[name] = tmp_path_factory.mktemp(name)
        model = SpectralNet(3, spectralnet=QUICK, random_state=0, **changes).fit(blobs[:100])
        model.save(folders[name])
    folders["images"] = tmp_path_factory.mktemp("images")
    short = {"epochs": 1, "channels": [2], "steps_per_epoch": 5}
    images = SpectralNet(3, spectralnet=QUICK, affinity="siamese", siamese=short, random_state=0)
    images.set_params(image_shape=(8, 8)).fit(load_digits().data[:100] / 16).save(folders["images"])
    return folders


def test_an_empty_folder_is_no_model_and_another_that_holds_none_is_refused(tmp_path):
    (tmp_path / ".gitkeep").touch()
    assert Former.load(tmp_path) is None
    assert Former.load(None) is None
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataError, match=r"model.json is missing: give a folder with a trained"):
        Former.load(tmp_path)


def test_models_that_cannot_go_on_are_refused(tmp_path, blobs, saved):
    dec = DEC(3, stacked={"layer_epochs": 1, "epochs": 1, "hidden": [8]}, dec={"epochs": 1})
    dec.fit(blobs).save(tmp_path / "dec")
    with pytest.raises(DataError, match="has no spectral net"):
        Former.load(tmp_path / "dec")
    shutil.copytree(saved["plain"], tmp_path / "damaged")
    np.save(tmp_path / "damaged/clusters.npy", np.zeros(99, np.int64))
    with pytest.raises(DataError, match=r"clusters.npy is not the file that was saved"):
        Former.load(tmp_path / "damaged")
    (tmp_path / "damaged/manifest.json").unlink()
    with pytest.raises(DataError, match="is damaged: its clusters are not those of its samples"):
        Former.load(tmp_path / "damaged")
    for wrong in (np.full(100, -7), np.full(100, 0.5)):
        np.save(tmp_path / "damaged/clusters.npy", wrong)
        with pytest.raises(DataError, match="its clusters are not those of its samples"):
            Former.load(tmp_path / "damaged")
    (tmp_path / "damaged/clusters.npy").unlink()
    with pytest.raises(DataError, match="damaged"):
        Former.load(tmp_path / "damaged")


def test_points_have_to_begin_with_those_of_the_model(blobs, saved, cpu):
    former = Former.load(saved["plain"])
    x = former.preparation.transform(blobs)
    former.check_points(x, cpu)
    with pytest.raises(DataError, match="fitted on 100 samples, and here are 100: add some"):
        former.check_points(x[:100], cpu)
    with pytest.raises(DataError, match="the first 100 samples are not those that the model in"):
        former.check_points(np.roll(x, 1, axis=0), cpu)


@pytest.mark.parametrize(
    ("fitted", "said"),
    [
        (Pixels((1, 2), 1), "samples of kind columns, and these are of kind pixels"),
        (Columns(3), "samples of n_columns 2, and these are of n_columns 3"),
    ],
)
def test_samples_have_to_be_of_the_models_kind(saved, fitted, said):
    former = Former.load(saved["plain"])
    former.check_samples(Columns(2, names=["a", "b"]))  # an array told no names
    with pytest.raises(DataError, match=said):
        former.check_samples(fitted)
    named = former._replace(preparation=Columns(2, names=["b", "a"]))
    with pytest.raises(DataError, match=r"of names \['b', 'a'\], and these are of names \['a'"):
        named.check_samples(Columns(2, names=["a", "b"]))


@pytest.mark.parametrize(
    ("model", "n_clusters", "space", "affinity", "said"),
    [
        ("plain", 2, "auto", "euclidean", "n_clusters = 2, but .* a model of 3, which keep their"),
        ("plain", 3, "auto", "siamese", "affinity = siamese, but .* without a learned metric"),
        ("plain", 3, "auto", "precomputed", "affinity = precomputed, but"),
        ("siamese", 3, "auto", "euclidean", "affinity = euclidean, but .* with a learned metric"),
        ("plain", 3, "hog", "euclidean", "space = hog, but .* of space input: set space: input"),
        ("code", 3, "auto", "euclidean", "space = auto, but .* of space code: set space: code"),
        ("plain", "auto", "input", "euclidean", None),
        ("plain", 4, "auto", "euclidean", None),
        ("code", 3, "code", "euclidean", None),
        ("siamese", 3, "hog", "siamese", "space = hog, but .* of space input: set space: input"),
        ("images", 3, "hog", "siamese", None),  # a net that sees them leaves no encoder behind
    ],
)
def test_parameters_have_to_be_those_of_the_model(saved, model, n_clusters, space, affinity, said):
    settings = default_settings(100, 3).model_copy(update={"n_clusters": n_clusters})
    former = Former.load(saved[model])
    if said is None:
        check_former(former, settings, space, affinity)
        return
    with pytest.raises(ParameterError, match=said):
        check_former(former, settings, space, affinity)
