"""Odd points and parameters: each fit works and is repeated by `predict`, or is refused."""

import numpy as np
import pytest
from fuzzing import ODD_NUMBERS, at_once, refused, without_leaks
from hypothesis import event, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from spectralnet import DEC, DualAutoencoder, SpectralNet

ROWS = np.random.default_rng(0).normal(size=(12, 3))
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
@given(
    x=POINTS, n_clusters=st.integers(1, 6), noise=st.sampled_from([None, "auto", 0.1, 0.999]),
    wild=st.sampled_from([1, 1e38]),
)  # fmt: skip
def test_odd_points(name, x, n_clusters, noise, wild):
    estimator = ESTIMATORS[name](n_clusters=n_clusters, noise=noise)
    with at_once(60), without_leaks():
        if refused(estimator.fit, x):
            return
        event("fitted")
        check_fitted(estimator, x)
        with np.errstate(over="ignore"):
            other = x * wild
        refused(check_told, estimator, other)


@pytest.mark.parametrize("name", ESTIMATORS)
@given(n_clusters=ODD_NUMBERS | st.just("auto"), noise=ODD_NUMBERS | st.none())
def test_odd_parameters(name, n_clusters, noise):
    estimator = ESTIMATORS[name](n_clusters=n_clusters, noise=noise)
    with at_once(60), without_leaks():
        refused(estimator.fit, ROWS)


def check_fitted(estimator, x):
    labels, k = estimator.labels_, estimator.n_clusters_
    assert labels.min() >= (0 if estimator.noise is None else -1)
    assert labels.max() < k
    np.testing.assert_array_equal(labels, estimator.predict(x))
    np.testing.assert_array_equal(estimator.outlier_scores_, estimator.outlier_score(x))
    check_told(estimator, x)
    described = estimator.describe(x)
    assert dict(described["size"]) == dict(zip(*np.unique(labels, return_counts=True), strict=True))
    assert described["silhouette"].between(-1, 1).all()
    assert not any(np.isnan(effect) for told in described["features"] for _, effect in told)


def check_told(estimator, x):
    """Check what is told of points: NaN only where fitted points are all equal."""
    assert np.isfinite(estimator.transform(x)).all()
    scores = estimator.outlier_score(x)
    all_equal = np.ptp(estimator.embedding_, axis=0).max() < 1e-6  # to within rounding
    assert np.isfinite(scores).all() or (all_equal and np.isnan(scores).all())
    told = estimator.predict_proba(x)
    assert told.shape == (len(x), estimator.n_clusters_)
    assert told.min() >= 0
    np.testing.assert_allclose(told.sum(axis=1), 1, rtol=1e-5)
