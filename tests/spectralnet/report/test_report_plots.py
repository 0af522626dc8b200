import numpy as np
import pandas as pd
from matplotlib.colors import to_hex
from models import random_hierarchy
from scipy.cluster import hierarchy

from spectralnet.report import plots
from spectralnet.report.classes import class_names, named_labels
from spectralnet.report.dendrogram import LEAVES, dendrogram


def test_the_confusion_matrix_shows_every_count():
    labels, clusters = np.array([0, 0, 1, 1, 1]), np.array([1, 1, 0, 0, 1])
    (axes,) = plots.confusion(labels, clusters).axes
    assert [text.get_text() for text in axes.texts] == ["2", "0", "1", "2"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "0"]


def test_the_embedding_is_drawn_by_cluster_and_by_label(blobs):
    clusters = np.repeat([0, 1, 2], 60)
    figure = plots.embedding(blobs[:, :2], clusters, clusters % 2, seed=0)
    drawn = [sum(len(c.get_offsets()) for c in axes.collections) for axes in figure.axes]
    assert drawn == [180, 180]
    assert [len(axes.collections) for axes in figure.axes] == [3, 2]
    assert len(plots.embedding(blobs[:, :2], clusters, np.full(180, -1), seed=0).axes) == 1


def test_labels_are_called_by_their_classes():
    labels, clusters = np.array([0, 0, 1, 2, -1]), np.array([1, 1, 0, 2, 0])
    called = class_names(["$a$ and $b$", "_old", "long " * 9])
    names = ["$a$ and $b$", " _old", "long long long long ..."]
    (axes,) = plots.confusion(labels[:4], clusters[:4], called).axes
    assert shown_in(axes.get_yticklabels()) == names
    flat = np.arange(10.0).reshape(5, 2)
    _, by_label = plots.embedding(flat, clusters, labels, seed=0, called=called).axes
    assert shown_in(by_label.get_legend().get_texts()) == ["-1", *names]
    assert named_labels(labels, ["x", "y", "z"]) == ["x", "x", "y", "z", None]
    assert named_labels(labels, []) == [0, 0, 1, 2, None]


def shown_in(texts):
    """Return what matplotlib makes of texts, none of them a formula."""
    found = [text._preprocess_math(text.get_text()) for text in texts]
    assert not any(formula for _, formula in found)
    return [text for text, _ in found]


def test_each_row_of_samples_holds_members_of_its_cluster():
    clusters = np.repeat([0, 2], [30, 3])
    images = np.where(clusters == 0, 0.25, 0.75)[:, None] * np.ones((33, 6))
    (axes,) = plots.samples(images, clusters, (2, 3), seed=0).axes
    canvas = np.asarray(axes.images[0].get_array())
    assert canvas.shape == (4, 3 * plots.SAMPLES_SHOWN)
    assert set(np.unique(canvas[:2])) == {0.75}
    assert set(np.unique(canvas[2:, :9])) == {0.25}
    assert set(np.unique(canvas[2:, 9:])) == {1}  # three members only


def test_both_spectra_are_drawn():
    learned, exact = np.array([0.1, 0.3]), np.array([0.0, 0.2, 0.9])
    (axes,) = plots.eigenvalues(learned, exact, 2).axes
    drawn = {line.get_label(): line.get_ydata() for line in axes.lines}
    np.testing.assert_array_equal(drawn["exact"], exact)
    np.testing.assert_array_equal(drawn["SpectralNet"], learned)
    assert list(drawn["2 clusters?"]) == [0, 1]  # from the bottom of the axes to the top
    assert axes.lines[2].get_xdata()[0] == 2.5


def test_learning_curves_mark_the_epoch_that_is_kept():
    history = pd.DataFrame({"epoch": [1, 2, 3], "loss": [3.0, 2, 1], "held_out_loss": [3.0, 1, 2]})
    panels = plots.learning_curves({"autoencoder": history, "spectralnet": history}).axes
    assert [axes.get_title() for axes in panels] == ["autoencoder", "spectralnet"]
    for axes in panels:
        trained, held_out, ring = axes.lines
        np.testing.assert_array_equal(trained.get_ydata(), history["loss"])
        np.testing.assert_array_equal(held_out.get_ydata(), history["held_out_loss"])
        assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (2, 1)


def test_affinities_are_averaged_over_bins_of_sorted_points(blob_graph, monkeypatch):
    monkeypatch.setattr(plots, "AFFINITY_BINS", 9)
    clusters = np.tile([0, 1, 2], 60)
    shown = plots.sorted_affinity(blob_graph, clusters).axes[0].images[0].get_array()
    order = np.argsort(clusters, kind="stable")
    blocks = blob_graph.toarray()[np.ix_(order, order)].reshape(9, 20, 9, 20)
    np.testing.assert_allclose(shown.filled(0), blocks.mean(axis=(1, 3)))


def test_every_term_is_named():
    top = {0: [("oil", 0.5), ("barrel", 0.25)], 3: [("bank", 0.1)]}
    first, second = plots.terms(top).axes
    assert [tick.get_text() for tick in first.get_yticklabels()] == ["oil", "barrel"]
    assert [bar.get_width() for bar in first.patches] == [0.5, 0.25]
    assert second.get_title() == "cluster 3"


def test_pictures_of_a_thousand_clusters_can_be_drawn():
    clusters = np.arange(2000) % 1000
    figure = plots.confusion(clusters, clusters)
    assert figure.axes[0].images[0].get_array().shape == (1000, 1000)
    assert not figure.axes[0].texts  # a million numbers: minutes, and nobody could read them
    clusters = np.concatenate([clusters, np.repeat([7, 500], 3)])
    figure = plots.samples(np.zeros((2006, 4)), clusters, (2, 2), seed=0)
    shown = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(shown) == plots.CLUSTERS_SHOWN
    assert {"7", "500"} < set(shown)


def test_a_dendrogram_names_groups_and_colours_the_joins_inside_a_cluster():
    tree = random_hierarchy()
    (axes,) = dendrogram(tree.linkage, tree.parents).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == list("110022")
    joins = {
        to_hex(lines.get_color()[0]): [path[:, 1].max() for path in lines.get_segments()]
        for lines in axes.collections
    }
    assert sorted(joins.pop("#000000")) == [4, 5]
    assert sorted(joins.values()) == [[1], [2], [3]]
    ticks = dict(zip("123456", axes.get_yticks(), strict=True))
    assert [label.get_text() for label in axes.get_yticklabels()] == list(ticks)
    for k, height in ticks.items():  # a line there has so many joins below
        assert np.count_nonzero(np.arange(1, 6) < height) == 6 - int(k)
    assert axes.lines[0].get_ydata()[0] == ticks["3"]


def test_of_many_groups_the_last_joins_are_drawn():
    points, parents = np.random.default_rng(0).normal(size=(500, 1)), np.arange(500) // 2
    (axes,) = dendrogram(hierarchy.linkage(points), parents).axes
    assert len(axes.get_xticklabels()) == LEAVES
    assert sum(len(lines.get_segments()) for lines in axes.collections) == LEAVES - 1


def test_noise_is_called_so_and_is_grey(blobs, blob_graph):
    clusters = np.repeat([-1, 0, 1], 60)
    by_cluster, by_label = plots.embedding(blobs[:, :2], clusters, clusters, seed=0).axes
    assert by_cluster.get_legend_handles_labels()[1] == ["noise", "0", "1"]
    assert by_label.get_legend_handles_labels()[1] == ["-1", "0", "1"]
    grey = by_cluster.collections[0].get_facecolor()[0]
    assert grey[0] == grey[1] == grey[2]
    rows = plots.samples(np.zeros((180, 4)), clusters, (2, 2), seed=0).axes[0]
    affinities = plots.sorted_affinity(blob_graph, clusters).axes[0]
    for axes in (rows, affinities):
        assert [tick.get_text() for tick in axes.get_yticklabels()] == ["noise", "0", "1"]
    assert plots.terms({-1: [("oil", 0.5)]}).axes[0].get_title() == "noise"
