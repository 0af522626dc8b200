"""Odd points and parameters: each fit works and is repeated by `predict`, or is refused."""

import warnings

import numpy as np
import pytest
from fuzzing import ODD_NUMBERS, at_once
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.exceptions import ConvergenceWarning

from spectralnet import DEC, DualAutoencoder, SpectralNet
from spectralnet.errors import TrainingError

QUICK = {"epochs": 1, "steps_per_epoch": 2, "hidden": [4]}
ESTIMATORS = {
    "spectralnet": lambda **given: SpectralNet(spectralnet=QUICK, random_state=0, **given),
    "dec": lambda **given: DEC(
        stacked={"hidden": [4], "code_size": 2, "epochs": 1, "layer_epochs": 1},
        dec={"epochs": 1}, random_state=0, **given,
    ),
    "dual_autoencoder": lambda **given: DualAutoencoder(
        autoencoder={
            "hidden": [4], "code_size": 2, "epochs": 1,
            "joint": {"epochs": 1, "steps_per_epoch": 2},
        },
        spectralnet=QUICK, random_state=0, **given,
    ),
}  # fmt: skip
SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=30)
POINTS = arrays.arrays(np.float64, SHAPES, elements=st.floats(width=64)) | st.builds(
    lambda n, d, scale, shift, seed: (
        np.random.default_rng(seed).normal(size=(n, d)) * scale + shift
    ),
    st.integers(1, 60), st.integers(1, 8),
    st.sampled_from([0, 1e-300, 1e-12, 1, 1e6, 1e18, 1e38, 1e300]),
    st.sampled_from([0, 1, 1e9, -1e30]), st.integers(0, 99),
)  # fmt: skip


@pytest.mark.parametrize("name", ESTIMATORS)
@given(x=POINTS, n_clusters=st.integers(1, 6) | ODD_NUMBERS, wild=st.sampled_from([1, 1e38]))
def test_odd_points(name, x, n_clusters, wild):
    estimator = ESTIMATORS[name](n_clusters=n_clusters)
    with at_once(60), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # of overflows inside of libraries
        warnings.simplefilter("ignore", UserWarning)  # ours: they say what to expect
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            labels = estimator.fit(x).labels_
        except (ValueError, TypeError, TrainingError):
            return
        assert np.isfinite(estimator.embedding_).all()
        np.testing.assert_array_equal(labels, estimator.predict(x))
        with np.errstate(over="ignore"):
            other = x * wild
        try:
            assert np.isfinite(estimator.transform(other)).all()
        except ValueError:
            return
