"""The same points in other units, or elsewhere: the same clusters."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import make_blobs, make_moons
from sklearn.metrics import adjusted_rand_score

from spectralnet import DEC, DualAutoencoder, SpectralNet
from spectralnet.errors import DataError, ParameterError
from spectralnet.estimators.scale import fit_scale
from spectralnet.methods.predictor import Predictor

SHORT = {"epochs": 2, "steps_per_epoch": 10}
SPECTRALNET = {"hidden": [64, 64], "epochs": 6, "steps_per_epoch": 40}
CHANGES = [(1, 1e7), (1, 1.7e9), (1e-30, 0), (1e18, 0), (1e30, -1e31), (1e-3, 30)]


@pytest.fixture(scope="module")
def blobs():
    return make_blobs(300, 4, centers=3, random_state=0)


@pytest.mark.parametrize(("scale", "shift"), CHANGES)
def test_units_and_origin_do_not_matter(blobs, scale, shift):
    points = (blobs[0] * 2**20).round() / 2**20  # of which 1.7e9 leaves enough
    usual, moved = (fit_scale(x, None).transform(x) for x in (points, points * scale + shift))
    np.testing.assert_allclose(moved, usual, atol=2e-6)
    assert np.mean(usual**2) == pytest.approx(1, rel=1e-6)
    sparse = csr_array(points * scale)
    scaled = fit_scale(sparse, None).transform(sparse).toarray()
    expected = points / np.sqrt(np.mean(points**2))
    np.testing.assert_allclose(scaled, expected, rtol=1e-5)


def test_numbers_whose_differences_overflow_are_refused():
    with pytest.raises(DataError, match=r"magnitude 1\.7e\+308: divide X, to 1e\+300 at most"):
        DEC(1).fit(np.array([[-1.7e308], [-1.7e308], [1.7e308]]))


def test_moons_far_from_the_origin_are_two(tmp_path):
    shift = 1.7e9
    points, labels = make_moons(400, noise=0.05, random_state=0)
    model = SpectralNet(2, spectralnet=SPECTRALNET, random_state=0).fit(points + shift)
    assert adjusted_rand_score(labels, model.labels_) == 1
    new, new_labels = make_moons(200, noise=0.05, random_state=1)
    assert adjusted_rand_score(new_labels, model.predict(new + shift)) > 0.95
    model.save(tmp_path)
    expected = model.predict(new + shift)
    np.testing.assert_array_equal(SpectralNet.load(tmp_path).predict(new + shift), expected)
    served = Predictor.load(tmp_path).predict(new + shift)
    np.testing.assert_array_equal(served.clusters, expected)


@pytest.mark.parametrize(("scale", "shift"), [(1, 30), (1e-30, 0)])
def test_dec_finds_blobs_in_any_units(blobs, scale, shift):
    model = DEC(3, dec={"epochs": 10}, random_state=0)
    assert adjusted_rand_score(blobs[1], model.fit_predict(blobs[0] * scale + shift)) == 1


def test_codes_are_of_centred_rows(blobs):
    model = SpectralNet(
        3, space="code", autoencoder={"epochs": 20}, spectralnet=SPECTRALNET, random_state=0
    )
    assert adjusted_rand_score(blobs[1], model.fit_predict(blobs[0] + 100)) == 1


@pytest.mark.parametrize(("scale", "shift"), [(1e6, 0), (1, 1e4)])
def test_the_dual_autoencoder_trains_in_any_units(blobs, scale, shift):
    changes = {"epochs": 5, "joint": SHORT | {"epochs": 1}}
    model = DualAutoencoder(3, autoencoder=changes, spectralnet=SHORT, random_state=0)
    assert adjusted_rand_score(blobs[1], model.fit_predict(blobs[0] * scale + shift)) > 0.9


def test_an_outlier_does_not_end_the_training_of_the_dual_autoencoder(blobs):
    points = blobs[0].copy()
    points[0] = 1e6
    changes = {"epochs": 20, "joint": SHORT | {"epochs": 1}}
    model = DualAutoencoder(3, autoencoder=changes, spectralnet=SHORT, random_state=0)
    assert adjusted_rand_score(blobs[1][1:], model.fit_predict(points)[1:]) > 0.9


@pytest.mark.parametrize(("space", "value"), [("input", 1e6), ("code", -9999)])
def test_an_outlier_leaves_the_other_clusters_as_they_are(blobs, space, value):
    points = blobs[0].copy()
    points[0] = value
    model = SpectralNet(
        3, space=space, autoencoder={"epochs": 20}, spectralnet=SPECTRALNET, random_state=0
    )
    assert adjusted_rand_score(blobs[1][1:], model.fit_predict(points)[1:]) == 1


def test_a_row_far_from_two_moons():
    moons, labels = make_moons(400, noise=0.05, random_state=0)
    points = np.concatenate([moons, [[1000, 1000]]])
    model = SpectralNet(2, spectralnet=SPECTRALNET, random_state=0).fit(points)
    assert adjusted_rand_score(labels, model.labels_[:400]) > 0.95


def test_empty_clusters_are_warned_of(blobs):
    """Ten epochs at a rate that moves all codes into one."""
    model = DEC(3, stacked={"epochs": 1, "layer_epochs": 1}, dec={"learning_rate": 5.0})
    with pytest.warns(UserWarning, match=r"\d of n_clusters = 3 clusters have points"):
        model.set_params(random_state=0).fit(blobs[0])


@pytest.mark.parametrize("n_clusters", [20, 19])
def test_as_many_clusters_as_points_or_nearly(n_clusters):
    points = np.random.default_rng(0).normal(size=(20, 2))
    model = SpectralNet(n_clusters, spectralnet=SHORT, random_state=0).fit(points)
    assert len(np.unique(model.labels_)) == n_clusters


@pytest.mark.parametrize("sampler", ["edges", "batch"])
@pytest.mark.parametrize("n_clusters", [1, 2])
def test_two_points_cannot_be_trained_on(n_clusters, sampler):
    with pytest.raises(ParameterError, match="2 points cannot be trained on"):
        SpectralNet(n_clusters, spectralnet={"sampler": sampler}).fit([[0, 0], [1, 1]])


def test_three_points_can():
    model = SpectralNet(2, spectralnet=SHORT, random_state=0)
    assert model.fit([[0.0], [1], [10]]).labels_.max() == 1
