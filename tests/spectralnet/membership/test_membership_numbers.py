import numpy as np

from spectralnet.clusters.kmeans import SpectralCentroids, assign
from spectralnet.membership.numbers import keep_numbers

K = 5


def test_clusters_keep_their_numbers_and_new_ones_have_those_that_are_left():
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(K), 20)
    places = (np.eye(K)[labels] + 0.01 * random.normal(size=(100, K))).astype(np.float32)
    shuffled = SpectralCentroids(np.eye(K, dtype=np.float32)[random.permutation(K)], np.ones(K))
    former = np.where(random.random(100) < 0.2, -1, labels)  # some were noise
    kept = keep_numbers(shuffled, places, former)
    np.testing.assert_array_equal(assign(places, kept).clusters, labels)
    before = labels < 3  # the last two clusters are new
    numbers = assign(places, keep_numbers(shuffled, places[before], labels[before])).clusters
    np.testing.assert_array_equal(numbers[before], labels[before])
    assert set(numbers[~before]) == {3, 4}
