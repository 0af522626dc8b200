import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

from spectralnet import DualAutoencoder
from spectralnet.config.defaults import default_dual_autoencoder
from spectralnet.errors import ParameterError

SHORT = {
    "n_neighbors": 10,
    "n_components": 4,
    "autoencoder": {
        "channels": [8, 8],
        "code_size": 8,
        "prior": 0.1,
        "global_information": 1.0,
        "local_information": 1.0,
        "learning_rate": 0.005,
        "epochs": 2,
        "batch_size": 32,
        "joint": {"epochs": 1, "steps_per_epoch": 5, "batch_size": 32},
    },
    "spectralnet": {"hidden": [32], "epochs": 1, "steps_per_epoch": 20, "sampler": "edges"},
}


def test_an_estimator_of_images_is_fitted_saved_and_loaded(tmp_path):
    images, labels = load_digits(return_X_y=True)
    x = images[np.isin(labels, [0, 4, 6])] / 16
    estimator = clone(DualAutoencoder(3, image_shape=(8, 8), random_state=0, **SHORT))
    clusters = estimator.fit_predict(x[:200])
    assert set(clusters) == {0, 1, 2}
    np.testing.assert_array_equal(estimator.predict(x[:200]), clusters)
    estimator.save(tmp_path)
    loaded = DualAutoencoder.load(tmp_path)
    assert loaded.get_params() == estimator.get_params() | {"image_shape": [8, 8]}
    np.testing.assert_array_equal(loaded.predict(x), estimator.predict(x))
    np.testing.assert_array_equal(loaded.transform(x[200:]), estimator.transform(x[200:]))


def test_defaults_are_there_for_many_clusters():
    params = default_dual_autoencoder(5000, 406, images=False)
    assert 2 * params.joint.batch_size >= 406


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": (5, 5)}, r"image_shape = \(5, 5\) does not fit rows of 12 features"),
        ({"n_clusters": 40}, "n_clusters = 40, but there are 30 distinct points"),
        ({"autoencoder": {"nosie": 1}}, "nosie = 1"),
        ({"spectralnet": {"landmarks": 9}}, "landmarks = 9: codes move in the joint training"),
        ({"autoencoder": {"joint": {"epochs": 0}}}, "joint.epochs = 0"),
        (
            {"autoencoder": {"joint": {"batch_size": 3}}, "n_components": 7},
            "joint.batch_size = 3 edges have at most 6 ends, fewer than .*n_components = 7",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_any_training(arguments, message, monkeypatch):
    monkeypatch.setattr(
        "spectralnet.methods.dual_autoencoder.training.train_dual_autoencoder", None
    )
    with pytest.raises(ParameterError, match=message):
        DualAutoencoder(**{"n_clusters": 3} | arguments).fit(np.random.rand(30, 12))  # noqa: NPY002
