import numpy as np
import pytest

from spectralnet import DEC, DualAutoencoder, SpectralNet
from spectralnet.config.defaults import default_dec, default_dual_autoencoder, default_settings
from spectralnet.config.limits import graph_settings
from spectralnet.errors import ParameterError


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"space": "pixel"}, "space = 'pixel': choose one of auto, hog, lsa, input, code"),
        ({"space": "hog"}, "space = hog sees gradients of images"),
        ({"space": "lsa"}, "space = lsa takes sparse rows"),
        ({"affinity": "cosine"}, "affinity = 'cosine': choose one of euclidean, siamese"),
        ({"graph": {"k": 3}}, "graph.k = 3: there is no parameter of that name"),
        ({"n_components": 70}, "n_components = 70 is too many for 60 points"),
        ({"n_clusters": "3"}, "n_clusters = '3': give a whole number"),
        ({"n_clusters": 0}, "n_clusters = 0: give a whole number"),
        ({"n_neighbors": None}, "n_neighbors = None: give a whole number"),
        ({"graph": {"n_neighbours": "5"}}, "graph.n_neighbours = '5': give a whole number"),
        ({"n_components": 1}, "n_components = 1, the constant eigenvector"),
        ({"device": "tpu"}, "device = 'tpu': choose one of auto, cpu, cuda"),
        ({"random_state": -1}, "random_state = -1 has to be in 0"),
        ({"random_state": 2**32}, "random_state = 4294967296 has to be in 0"),
    ],
)
def test_bad_parameters_are_named(changes, message):
    points = np.random.default_rng(0).normal(size=(60, 2))
    with pytest.raises(ParameterError, match=message):
        SpectralNet(**{"n_clusters": 2} | changes).fit(points)


def test_repeated_points_are_named_before_any_training(monkeypatch):
    trainers = (
        "spectralnet.train_spectralnet",
        "dec.train_stacked",
        "dual_autoencoder.train_dual_autoencoder_network",
    )
    for trainer in trainers:
        monkeypatch.setattr(f"spectralnet.estimators.{trainer}", None)
    points = np.repeat([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]], 20, axis=0)
    for estimator in (SpectralNet, DEC, DualAutoencoder):
        with pytest.raises(ParameterError, match="n_clusters = 4, but there are 3 distinct"):
            estimator(n_clusters=4).fit(points)
    with pytest.raises(ParameterError, match="n_components = 4, but there are 3 distinct"):
        SpectralNet(n_clusters=3, n_components=4).fit(points)


def test_changes_of_unknown_blocks_are_refused_and_null_is_the_default():
    with pytest.raises(ParameterError, match="spectral_net: there is no parameter"):
        default_settings(100, 2, {"spectral_net": {"epochs": 1}})
    changes = {"spectralnet": {"n_components": None}}
    assert default_settings(100, 2, changes) == default_settings(100, 2)
    with pytest.raises(ParameterError, match="codes = 'code': there is no parameter"):
        DEC(dec={"codes": "code"}).fit(np.eye(20))


def test_none_is_the_default_in_all_changes():
    nones = {
        "graph": {"n_neighbours": None, "scale_neighbour": None},
        "spectralnet": {"n_components": None, "batch_size": None, "epochs": None},
    }
    assert default_settings(100, 2, nones) == default_settings(100, 2)
    stacked, dec = {"hidden": None, "batch_size": None}, {"epochs": None, "batch_size": None}
    assert default_dec(100, stacked, dec) == default_dec(100)
    usual = default_dual_autoencoder(100, 200, images=False)
    for joint in (None, {"batch_size": None}):
        changes = {"code_size": None, "hidden": None, "joint": joint}
        assert default_dual_autoencoder(100, 200, False, changes) == usual
    points = np.random.default_rng(0).random((50, 2))
    nothing = dict.fromkeys(nones)
    assert graph_settings(points, 2, 5, 4, nones) == graph_settings(points, 2, 5, 4, nothing)


@pytest.mark.parametrize(
    "told",
    [
        {"n_neighbors": 5, "graph": {"n_neighbours": 30}},
        {"n_components": 8, "spectralnet": {"n_components": 3}},
    ],
)
def test_two_numbers_for_one_thing_are_refused(told):
    points = np.random.default_rng(0).random((50, 2))
    with pytest.raises(ParameterError, match="leave one of them out"):
        SpectralNet(2, **told).fit(points)


def test_defaults_are_there_for_many_clusters():
    assert default_settings(5000, 400).spectralnet.batch_size == 2 * 406
    changes = {"spectralnet": {"n_components": 300}}
    assert default_settings(5000, 10, changes).spectralnet.batch_size == 600
