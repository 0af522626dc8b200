import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist
from sklearn.cluster import SpectralClustering
from sklearn.metrics import adjusted_rand_score

from spectralnet import SpectralNet
from spectralnet.errors import DataError, ParameterError

QUICK = {"epochs": 5, "steps_per_epoch": 10}


@pytest.fixture(scope="module")
def kernel():
    """Gaussian affinities of unequal groups, and those of new points to them."""
    random = np.random.default_rng(4)
    labels = np.repeat(np.arange(3), (120, 60, 40))
    centres = random.normal(0, 4, (3, 4))
    points, new = (random.normal(centres[labels], 1) for _ in range(2))
    return [np.exp(-cdist(rows, points, "sqeuclidean") / 4) for rows in (points, new)]


def given(**changes):
    usual = {"affinity": "precomputed", "spectralnet": QUICK, "random_state": 0}
    return SpectralNet(3, **usual | changes)


def test_clusters_of_given_affinities_are_those_of_spectral_clustering(kernel, tmp_path):
    affinities, of_new = kernel
    model = given().fit(affinities)
    exact = SpectralClustering(3, affinity="precomputed", random_state=0).fit_predict(affinities)
    assert adjusted_rand_score(exact, model.labels_) > 0.98
    np.testing.assert_array_equal(model.predict(affinities), model.labels_)
    np.testing.assert_array_equal(given().fit(csr_array(affinities)).labels_, model.labels_)
    truth = np.repeat(np.arange(3), (120, 60, 40))
    assert adjusted_rand_score(truth, model.predict(of_new)) > 0.95
    model.save(tmp_path)
    np.testing.assert_array_equal(SpectralNet.load(tmp_path).predict(of_new), model.predict(of_new))


def test_what_is_no_affinity_is_refused(kernel):
    affinities = kernel[0]
    for wrong, message in (
        (affinities[:, :-1], r"X has shape \(220, 219\)"),
        (-affinities, "negative, NaN or infinite"),
        (np.triu(affinities), "not symmetric"),
    ):
        with pytest.raises(DataError, match=message):
            given().fit(wrong)
    with pytest.raises(ParameterError, match="sampler = batch makes affinities of its own"):
        given(spectralnet=QUICK | {"sampler": "batch"}).fit(affinities)
    for changes in (
        {"space": "code"},
        {"space": "hog"},
        {"space": "lsa"},
        {"image_shape": (11, 20)},
    ):
        with pytest.raises(ParameterError, match="neither images nor encoded"):
            given(**changes).fit(affinities)
    assert given().__sklearn_tags__().input_tags.pairwise


def test_rows_of_affinities_are_no_texts():
    near = np.eye(120) + np.roll(np.eye(120), 1, axis=0) + np.roll(np.eye(120), -1, axis=0)
    assert len(given().fit(csr_array(near)).model_.encoder) == 0
