import numpy as np
import torch
from scipy.spatial.distance import cdist
from scipy.special import softmax

from spectralnet.spectral.landmarks import Landmarks, landmark_numbers
from spectralnet.spectral.map import SpectralMap

EXACT = "donot_use_mm_for_euclid_dist"


def fitted(points):
    landmarks = Landmarks(*points.shape)
    landmarks.fit(torch.from_numpy(points))
    return landmarks


def test_weights_are_those_of_gaussians_and_widths_those_of_neighbours():
    generator = np.random.default_rng(0)
    # Far from the origin, where |x|^2 - 2 x l + |l|^2 would cancel in float32.
    places = (generator.normal(size=(30, 3)) + 300).astype(np.float32)
    x = (generator.normal(size=(100, 3)) + 300).astype(np.float32)
    landmarks = fitted(places)
    widths = np.sort(cdist(places, places), axis=1)[:, 7]
    np.testing.assert_allclose(landmarks.widths, widths, rtol=1e-4)
    exponents = -(cdist(x, places) ** 2) / (2 * widths**2)
    expected = softmax(np.maximum(exponents, exponents.max(axis=1, keepdims=True) - 12), axis=1)
    weights = landmarks(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(weights, expected * 30**0.5, rtol=2e-3)


def test_equal_few_and_far_points_have_finite_weights():
    for places in (np.ones((9, 2)), np.array([[0.0, 0.0]]), np.repeat(np.eye(2), 8, axis=0)):
        landmarks = fitted(places.astype(np.float32))
        x = torch.tensor([[0.0, 0.0], [1e6, -1e6]])
        weights = landmarks(x)
        assert (landmarks.widths > 0).all()
        np.testing.assert_allclose(weights.sum(dim=1), [len(places) ** 0.5] * 2, rtol=1e-5)


def test_landmarks_are_points_that_a_seed_draws():
    x = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    near = np.arange(50) < 40
    drawn = []
    for seed in (0, 0, 1):
        net = SpectralMap([2, 8, 3], n_landmarks=20)
        net.fit_inputs(x, near, seed)
        drawn.append(net.landmarks.places)
        assert net.outputs(torch.from_numpy(x)).shape == (50, 3)
    apart = torch.cdist(drawn[0], net.standardise(torch.from_numpy(x)), compute_mode=EXACT)
    assert (apart.argmin(dim=1).unique().numel(), float(apart.amin(dim=1).max())) == (20, 0)
    assert set(apart.argmin(dim=1).tolist()) <= set(range(40))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_rows_of_few_columns_are_tried_with_and_without():
    assert [landmark_numbers("auto", d) for d in (1, 3, 4, 512)] == [(256, 0)] * 2 + [(0,)] * 2
    assert landmark_numbers(16, 512) == (16,)
