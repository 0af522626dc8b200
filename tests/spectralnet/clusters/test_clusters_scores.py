from itertools import permutations

import numpy as np
import pytest

from spectralnet.clusters.scores import accuracy, matched_confusion, score_clusterings, scores


@pytest.fixture(params=[(4, 4), (3, 5), (5, 3)])
def pair(request):
    generator = np.random.default_rng(0)
    n_classes, n_clusters = request.param
    labels = generator.integers(0, n_classes, 200)
    noisy = np.where(generator.random(200) < 0.4, generator.integers(0, 9, 200), labels + 2)
    return labels * 10 - 7, noisy % n_clusters


def test_accuracy_equals_a_search_over_all_matches(pair):
    labels, clusters = pair
    classes, names = np.unique(labels), np.unique(clusters)
    few, many = sorted([classes, names], key=len)
    best = 0
    for chosen in permutations(many, len(few)):
        match = zip(few, chosen, strict=True)
        if len(classes) > len(names):
            match = ((label, cluster) for cluster, label in match)
        best = max(best, sum(((labels == a) & (clusters == b)).sum() for a, b in match))
    assert accuracy(labels, clusters) == pytest.approx(best / len(labels))


def test_the_confusion_matrix_counts_each_pair(pair):
    labels, clusters = pair
    counts, classes, order = matched_confusion(labels, clusters)
    for (row, column), count in np.ndenumerate(counts):
        assert count == np.sum((labels == classes[row]) & (clusters == order[column]))


def test_nmi_equals_its_definition(pair):
    labels, clusters = pair

    def entropy(*variables):
        part = np.unique(np.stack(variables), axis=1, return_counts=True)[1] / len(labels)
        return -np.sum(part * np.log(part))

    h_labels, h_clusters = entropy(labels), entropy(clusters)
    information = h_labels + h_clusters - entropy(labels, clusters)
    found = scores(labels, clusters)
    assert found["nmi"] == pytest.approx(2 * information / (h_labels + h_clusters))
    assert found["nmi_max"] == pytest.approx(information / max(h_labels, h_clusters))


def test_ari_equals_a_count_of_pairs(pair):
    labels, clusters = pair
    same_label = labels[:, None] == labels
    same_cluster = clusters[:, None] == clusters
    pairs = np.triu_indices(len(labels), 1)
    a, b = same_label[pairs], same_cluster[pairs]
    expected = a.mean() * b.mean()
    ari = ((a & b).mean() - expected) / ((a.mean() + b.mean()) / 2 - expected)
    assert scores(labels, clusters)["ari"] == pytest.approx(ari)


def test_names_of_clusters_do_not_matter():
    labels = np.repeat([5, 7, 9], 10)
    assert scores(labels, (labels + 1) % 3) == {"acc": 1, "nmi": 1, "nmi_max": 1, "ari": 1}


def test_scores_are_named_by_their_clustering():
    labels = np.repeat([0, 1], 5)
    found = score_clusterings({"": labels, "kmeans_": np.zeros(10, dtype=int)}, labels)
    assert (found["acc"], found["kmeans_acc"], found["kmeans_ari"]) == (1, 0.5, 0)
    assert len(found) == 8


def test_points_without_a_label_and_those_told_are_left_out():
    labels = np.array([0, 0, 1, 1, -1, 1])
    clusters = np.array([0, 0, 1, 0, 1, 0])
    assert score_clusterings({"": clusters}, labels)["acc"] == 3 / 5
    told = np.array([False, False, False, True, False, True])
    assert score_clusterings({"": clusters}, labels, told)["acc"] == 1
    assert score_clusterings({"": clusters}, np.full(6, -1)) == {}


def test_noise_of_one_clustering_is_left_out_of_all():
    labels = np.array([0, 0, 1, 1, 1])
    ours, others = np.array([0, 0, 1, -1, -1]), np.array([0, 0, 0, 0, 1])
    found = score_clusterings({"": ours, "kmeans_": others}, labels)
    assert (found["acc"], found["kmeans_acc"]) == (1, 2 / 3)
    assert score_clusterings({"": np.full(5, -1)}, labels) == {}
