import math

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist
from sklearn.metrics import silhouette_samples

from spectralnet.methods.description import (
    class_tfidf,
    column_effects,
    describe_clusters,
    text_effects,
)

CENTROIDS = np.array([[0.0, 0], [4, 0], [0, 100]])


def test_samples_are_near_typical_and_on_the_border():
    places = np.array([[0, 0], [-1, 0], [0.5, 0], [1.9, 0], [4, 0], [4.5, 0], [0, 100]])
    found = describe_clusters(np.array([0, 0, 0, 0, 1, 1, 2]), places, CENTROIDS, n_samples=2)
    assert found["size"].tolist() == [4, 2, 1]
    assert found.loc[0, "nearest"] == [0, 2]
    assert found.loc[0, "typical"] == [1, 2]  # the median distance is .75
    assert found.loc[0, "border"] == [3, 1]
    silhouettes = [1, 1 - 1 / 5, 1 - 0.5 / 3.5, 1 - 1.9 / 2.1]
    assert found.loc[0, "silhouette"] == pytest.approx(np.mean(silhouettes))
    (rival, confused), *others = found.loc[0, "neighbours"]
    assert (rival, others) == (1, [])
    assert confused == pytest.approx(1 - np.mean(silhouettes))
    assert found.loc[2, "neighbours"] == []


def test_the_silhouette_is_scikit_learns_where_clusters_are_single_places():
    """There distances to centroids are those to all points of a cluster."""
    generator = np.random.default_rng(0)
    clusters = np.repeat([0, 1, 2], 20)
    places = CENTROIDS[clusters].copy()
    places[0] = generator.normal(size=2)
    found = describe_clusters(clusters, places, CENTROIDS)
    apart = cdist(places, places)
    expected = silhouette_samples(apart, clusters, metric="precomputed")[0]
    assert found.loc[0, "silhouette"] * 20 - 19 == pytest.approx(expected, abs=1e-9)


def test_noise_is_told_by_the_clusters_that_it_is_near():
    places = np.array([[0, 0], [4, 0], [1.8, 0], [1, 0]])
    found = describe_clusters(np.array([0, 1, -1, -1]), places, CENTROIDS)
    assert found.index.tolist() == [-1, 0, 1]
    assert found.loc[-1, "nearest"] == [3, 2]
    assert found.loc[-1, "border"] == [2, 3]
    assert found.loc[-1, "neighbours"][0][0] == 1


def test_one_cluster_has_no_neighbours_and_its_border_is_what_is_far():
    places = np.array([[1.0, 0], [0, 0], [3, 0]])
    found = describe_clusters(np.zeros(3, dtype=int), places, CENTROIDS[:1])
    assert found.loc[0, "border"] == [2, 0, 1]
    assert found.loc[0, "neighbours"] == []


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_column_effects_are_standardised_mean_differences(kind):
    generator = np.random.default_rng(0)
    clusters = np.repeat([0, 1, 3], [5, 20, 30])
    x = generator.normal(size=(55, 3)) + np.array([1.0, 0, -2]) * (clusters == 1)[:, None]
    found = column_effects(kind(x), clusters, ["a", "b", "c"])
    for cluster in (0, 1, 3):
        inside, outside = x[clusters == cluster], x[clusters != cluster]
        squares = sum(len(part) * part.var(axis=0) for part in (inside, outside))
        expected = (inside.mean(axis=0) - outside.mean(axis=0)) / np.sqrt(squares / 53)
        np.testing.assert_allclose(found.loc[cluster], expected)
    assert found.columns.tolist() == ["a", "b", "c"]


def test_column_effects_do_not_depend_on_units_and_know_constants():
    clusters = np.repeat([0, 1], 10)
    varied = np.random.default_rng(0).normal(size=20)
    x = np.stack([varied, 1e8 + 0.1 * varied, clusters * 0.1, np.full(20, 0.3)], axis=1)
    found = column_effects(x, clusters)
    assert found[0:0].columns.tolist() == ["0", "1", "2", "3"]
    np.testing.assert_allclose(found["0"], found["1"], rtol=1e-6)
    least = 1e-6 * 0.05 * np.sqrt(20 / 18)  # in place of no deviation
    np.testing.assert_allclose(found["2"], [-0.1 / least, 0.1 / least], rtol=1e-6)
    assert found["3"].tolist() == [0, 0]
    assert not column_effects(x, np.zeros(20, dtype=int)).to_numpy().any()


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_class_tfidf_is_that_of_bertopic_on_texts_that_count_terms_once(kind):
    weights = np.array([[3.0, 1, 0], [1, 1, 0], [0, 1, 2], [0, 1, 0]])
    found = class_tfidf(kind(weights), np.array([0, 0, 2, 2]), ["oil", "said", "bank"])
    average = (4 + 3) / 2
    assert found.loc[0, "oil"] == pytest.approx(2 / 4 * math.log(1 + average / 2))
    assert found.loc[0, "said"] == pytest.approx(2 / 4 * math.log(1 + average / 4))
    assert found.loc[2, "bank"] == pytest.approx(1 / 3 * math.log(1 + average / 1))
    assert found.loc[2, "oil"] == 0


def test_the_largest_effects_describe_a_cluster():
    texts = ["crude oil prices", "oil barrels", "bank interest", "bank loans", "bank oil"]
    clusters = np.array([0, 0, 1, 1, 1])
    found = describe_clusters(
        clusters, CENTROIDS[clusters], CENTROIDS, text_effects(texts, clusters)
    )
    assert found.loc[0, "features"][0][0] == "oil"
    assert found.loc[1, "features"][0][0] == "bank"
    weights = [weight for _, weight in found.loc[1, "features"]]
    assert weights == sorted(weights, reverse=True)
