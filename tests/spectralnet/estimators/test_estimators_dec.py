import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits

from spectralnet import DEC
from spectralnet.clusters.scores import accuracy
from spectralnet.errors import ParameterError
from spectralnet.methods.predictor import Predictor

QUICK = {
    "stacked": {
        "hidden": [64],
        "code_size": 5,
        "epochs": 15,
        "layer_epochs": 10,
        "learning_rate": 0.005,
    },
    "dec": {"epochs": 10},
    "device": "cpu",
}


@pytest.fixture(scope="module")
def digits():
    pixels, labels = load_digits(n_class=3, return_X_y=True)
    return (pixels / 16).astype(np.float32), labels


@pytest.fixture(scope="module")
def fitted(digits):
    return DEC(n_clusters=3, random_state=0, **QUICK).fit(digits[0])


def test_digits_fall_into_clusters(fitted, digits):
    assert accuracy(digits[1], fitted.labels_) > 0.85
    assert set(fitted.labels_) == set(range(3))
    assert fitted.embedding_.shape == (len(digits[0]), 5)


def test_a_point_is_where_its_nearest_centroid_is(fitted, digits):
    x = digits[0]
    np.testing.assert_array_equal(fitted.predict(x), fitted.labels_)
    np.testing.assert_array_equal(fitted.predict(x[:1]), fitted.labels_[:1])
    gaps = np.linalg.norm(fitted.transform(x)[:, None] - fitted.cluster_centers_, axis=2)
    np.testing.assert_array_equal(gaps.argmin(axis=1), fitted.labels_)


def test_new_points_fall_into_the_clusters_of_their_like(digits):
    x, labels = digits
    model = DEC(n_clusters=3, random_state=0, **QUICK).fit(x[:400])
    start = KMeans(3, n_init=10, random_state=0).fit(x[:400])
    accuracy_of_start = accuracy(labels[400:], start.predict(x[400:]))
    assert accuracy(labels[400:], model.predict(x[400:])) >= accuracy_of_start - 0.02


def test_one_seed_one_result_and_files_bring_it_back(fitted, digits, tmp_path):
    again = clone(fitted).fit(digits[0])
    np.testing.assert_array_equal(again.embedding_, fitted.embedding_)
    fitted.save(tmp_path)
    loaded = DEC.load(tmp_path)
    assert loaded.get_params() == fitted.get_params()
    np.testing.assert_array_equal(loaded.predict(digits[0]), fitted.labels_)
    served = Predictor.load(tmp_path).predict(digits[0])
    np.testing.assert_array_equal(served.clusters, fitted.labels_)


def test_a_sparse_matrix_gives_the_same_codes(digits):
    short = {"stacked": QUICK["stacked"] | {"epochs": 1, "layer_epochs": 1}, "dec": {"epochs": 1}}
    x = digits[0][:100] * (np.random.default_rng(0).random((100, 64)) < 0.4)  # medians of 0
    model = DEC(n_clusters=3, random_state=0, **QUICK | short)
    expected = model.fit_transform(x)
    np.testing.assert_allclose(model.fit_transform(csr_array(x)), expected, atol=1e-4)


def test_wrong_settings_are_named(digits):
    with pytest.raises(ParameterError, match=r"tolerance = 0.1: there is no parameter of"):
        DEC(dec={"tolerance": 0.1}).fit(digits[0])
    with pytest.raises(ParameterError, match=r"n_clusters = 8, but there are 5 distinct points"):
        DEC(n_clusters=8).fit(digits[0][:5])
