import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from scipy.stats import median_abs_deviation

from spectralnet.clusters.kmeans import Assignment
from spectralnet.errors import ParameterError
from spectralnet.membership import outliers
from spectralnet.membership.outliers import (
    fit_references,
    middle_and_spread,
    reference_rows,
    remoteness,
)
from spectralnet.membership.part import Membership, check_noise


@pytest.fixture
def points():
    return np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)


def test_remoteness_is_the_ratio_of_mean_distances(points):
    references = fit_references(points[:40], 5)
    apart = np.sort(cdist(points[:40], points[:40]), axis=1)[:, 1:6]
    np.testing.assert_allclose(references.reaches, apart.mean(axis=1), rtol=1e-5)
    distances = cdist(points, points[:40])
    distances[distances < 1e-9] = np.inf  # a point is not its own neighbour
    order = distances.argsort(axis=1)[:, :5]
    mean = np.take_along_axis(distances, order, axis=1).mean(axis=1)
    around = np.median(apart.mean(axis=1)[order], axis=1)
    expected = np.log(mean / np.maximum(around, np.median(apart.mean(axis=1))))
    np.testing.assert_allclose(remoteness(points, references), expected, atol=1e-5)
    np.testing.assert_allclose(remoteness(points[7:9], references), expected[7:9], atol=1e-5)
    assert remoteness(points[:0], references).shape == (0,)


def test_a_sparse_cluster_is_no_outlier_and_what_is_far_is(points):
    wide = 20 * points + 500
    references = fit_references(np.concatenate([points, wide]), 10)
    scores = remoteness(np.concatenate([points, wide, [[5000.0, 0, 0]]]), references)
    assert np.median(scores[:60]) < np.median(scores[60:120]) < 0.3
    assert scores[-1] > 3


def test_references_are_of_every_cluster(monkeypatch):
    monkeypatch.setattr(outliers, "MOST", 100)
    clusters = np.repeat([0, 1, 2], [900, 30, 4])
    different = np.delete(np.arange(934), np.arange(900, 910))
    found = reference_rows(different, clusters, 3, 7, 0)
    assert len(found) == 100
    assert (np.diff(found) > 0).all()
    assert np.isin(found, different).all()
    _, of_small, of_tiny = np.bincount(clusters[found])
    assert of_small >= 8
    assert of_tiny == 4
    np.testing.assert_array_equal(found, reference_rows(different, clusters, 3, 7, 0))
    assert not np.array_equal(found, reference_rows(different, clusters, 3, 7, 1))
    many = reference_rows(different, clusters, 3, 60, 0)
    assert np.bincount(clusters[many]).tolist() == [159, 20, 4]


@pytest.mark.parametrize(("n_columns", "expected"), [(200, 200), (100_000, 128)])
def test_references_take_no_more_than_they_may(n_columns, expected, monkeypatch):
    monkeypatch.setattr(outliers, "REFERENCE_BYTES", 4 * 200 * 200)
    different = np.arange(1000)
    found = reference_rows(different, different % 3, n_columns, 90, 0)
    of_each = np.bincount(found % 3)
    assert of_each.sum() == expected
    assert of_each.max() - of_each.min() <= 1


def test_the_spread_is_that_of_a_normal_distribution():
    values = np.random.default_rng(0).normal(3, 2, 1001)
    middle, spread = middle_and_spread(values)
    assert middle == np.median(values)
    assert spread == pytest.approx(median_abs_deviation(values, scale="normal"), rel=1e-4)


def test_noise_is_a_part_or_what_is_far(points):
    references = fit_references(points, 5)
    part = Membership(60, 3, 5)
    part.references.copy_(part.references.new_tensor(references.points))
    part.reaches.copy_(part.reaches.new_tensor(references.reaches))
    centroids = np.array([[-1.0, 0, 0], [1, 0, 0]])
    nearest = cdist(points, centroids).argmin(axis=1)
    told = part.complete(Assignment(nearest, None, None), points, centroids, points)
    np.testing.assert_allclose(told.probabilities.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(told.probabilities.argmax(axis=1), nearest)
    assert part.mark_noise(told, None) is told
    marked = part.mark_noise(told, 0.1)
    assert np.count_nonzero(marked.clusters == -1) == 6
    far = np.full((1, 3), 1e4)
    faded = part.complete(Assignment(np.array([1]), None, None), far, centroids, far)
    np.testing.assert_allclose(faded.probabilities, [[0.495, 0.505]], atol=1e-3)
    assert faded.clusters == [-1]


@pytest.mark.parametrize("noise", [0, 1, 1.5, -0.1, True, "much", [0.1]])
def test_other_noise_is_refused(noise):
    with pytest.raises(ParameterError, match="noise = "):
        check_noise(noise)


def test_without_references_nothing_is_noise():
    told = Membership(0, 2, 1)
    scores = told.outlier_scores(np.zeros((3, 2)))
    assigned = Assignment(np.zeros(3, dtype=int), *[np.zeros(3)] * 2, None, scores)
    assert told.mark_noise(assigned, 0.1).clusters.tolist() == [0, 0, 0]
    assert told.threshold == np.inf


def test_what_is_told_of_points_is_the_same_in_blocks(points, monkeypatch):
    part = Membership(40, 3, 5)
    references = fit_references(points[:40], 5)
    part.references.copy_(torch.from_numpy(references.points))
    part.reaches.copy_(torch.from_numpy(references.reaches))
    assigned = Assignment(np.zeros(60, dtype=np.int64), None, None)
    whole = part.complete(assigned, points, points[:4], points)
    monkeypatch.setattr("spectralnet.membership.part.ROWS_AT_ONCE", 7)
    blocked = part.complete(assigned, points, points[:4], points)
    for name in ("probabilities", "outlier_scores"):
        np.testing.assert_allclose(getattr(blocked, name), getattr(whole, name), atol=1e-5)
