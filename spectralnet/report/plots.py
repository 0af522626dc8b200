"""Pictures of a clustering."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectralnet.clusters.noise import NOISE, cluster_name
from spectralnet.clusters.scores import matched_confusion
from spectralnet.matrices import weights_between

POINTS_SHOWN = 1500
SAMPLES_SHOWN = 12
AFFINITY_BINS = 200
WRITTEN = 2500  # cells of a confusion; with more, their numbers could not be read
CLUSTERS_SHOWN = 60  # the largest


def confusion(
    labels: NDArray[np.integer], clusters: NDArray[np.integer], called: Callable[[int], str] = str
) -> Figure:
    """Draw how many points of each class fell into each cluster, best matches on the diagonal."""
    counts, classes, order = matched_confusion(labels, clusters)
    figure = Figure(figsize=(5, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.imshow(np.sqrt(counts), cmap="Blues")  # the root, so that small counts show
    for (row, column), count in np.ndenumerate(counts) if counts.size <= WRITTEN else ():
        dark = np.sqrt(count) > 0.6 * np.sqrt(counts.max())
        axes.text(
            column, row, str(count), ha="center", va="center",
            fontsize=7, color="white" if dark else "black",
        )  # fmt: skip
    axes.set(xlabel="cluster", ylabel="label", title="Points by label and cluster")
    if counts.size <= WRITTEN:
        axes.set_xticks(range(len(order)), [str(cluster) for cluster in order])
        axes.set_yticks(range(len(classes)), [called(label) for label in classes])
    return figure


def embedding(
    flat: NDArray[np.floating],
    clusters: NDArray[np.integer],
    labels: NDArray[np.integer],
    seed: int,
    called: Callable[[int], str] = str,
) -> Figure:
    """Draw the spectral embedding as it is laid out in the plane, by cluster and by label.

    Parameters
    ----------
    flat : ndarray of shape (n, 2)
        At most `POINTS_SHOWN` of them, seeded, are drawn.
    clusters : ndarray of shape (n,)
        -1, noise, is grey, as points without a label are.
    labels : ndarray of shape (n,)
        -1 where there is none; drawn if there is any, by what they are `called`.
    seed : int
    """
    rows = np.random.default_rng(seed).permutation(len(flat))[:POINTS_SHOWN]
    colourings = {"cluster": clusters} | ({"label": labels} if (labels >= 0).any() else {})
    figure = Figure(figsize=(5 * len(colourings), 4.5), layout="constrained")
    for axes, (name, values) in zip(
        np.atleast_1d(figure.subplots(1, len(colourings))), colourings.items(), strict=True
    ):
        _scatter(axes, flat[rows], values[rows], cluster_name if name == "cluster" else called)
        axes.set(title=f"Spectral embedding by {name}", xticks=[], yticks=[])
    return figure


def _scatter(
    axes: Axes,
    points: NDArray[np.floating],
    groups: NDArray[np.integer],
    called: Callable[[int], str],
) -> None:
    names = np.unique(groups)
    colours = colours_of(names[names != NOISE].tolist())
    for name in names:
        chosen = points[groups == name]
        axes.scatter(
            chosen[:, 0], chosen[:, 1], s=4, label=called(name), linewidths=0,
            color=colours.get(name, "lightgrey"),
        )  # fmt: skip
    if len(names) <= 20:
        axes.legend(markerscale=3, fontsize=7, loc="best")


def colours_of(clusters: list[int]) -> dict[int, str]:
    """Give each of some clusters a colour of its own."""
    n = len(clusters)
    palette = mpl.colormaps["tab10" if n <= 10 else "turbo"].resampled(max(n, 1))
    return {cluster: to_hex(palette(i)) for i, cluster in enumerate(clusters)}


def samples(
    images: NDArray[np.floating], clusters: NDArray[np.integer], shape: tuple[int, int], seed: int
) -> Figure:
    """Draw a row of seeded samples from each cluster, or from the largest of many.

    Parameters
    ----------
    images : ndarray of shape (n, d)
        Pixels from 0 to 1.
    clusters : ndarray of shape (n,)
    shape : (int, int)
        Height and width, of product d.
    seed : int
    """
    generator = np.random.default_rng(seed)
    names, sizes = np.unique(clusters, return_counts=True)
    if len(names) > CLUSTERS_SHOWN:
        names = np.sort(names[np.argsort(-sizes, kind="stable")[:CLUSTERS_SHOWN]])
    height, width = shape
    canvas = np.ones((len(names) * height, SAMPLES_SHOWN * width))
    for i, name in enumerate(names):
        members = generator.permutation(np.flatnonzero(clusters == name))[:SAMPLES_SHOWN]
        for j, member in enumerate(members):
            place = np.s_[i * height : (i + 1) * height, j * width : (j + 1) * width]
            canvas[place] = 1 - images[member].reshape(shape)
    figure = Figure(figsize=(SAMPLES_SHOWN / 2, len(names) / 2), layout="constrained")
    axes = figure.subplots()
    axes.imshow(canvas, cmap="gray", vmin=0, vmax=1)
    axes.set(ylabel="cluster", xticks=[], title="Random members of each cluster")
    axes.set_yticks((np.arange(len(names)) + 0.5) * height, [cluster_name(name) for name in names])
    return figure


def eigenvalues(
    learned: NDArray[np.floating], exact: NDArray[np.floating] | None, suggested: int | None
) -> Figure:
    """Draw the eigenvalues that the net found beside the graph's own, which bound them below.

    A line after `suggested` eigenvalues, if that is known, shows the largest gap.
    """
    figure = Figure(figsize=(5, 3.5), layout="constrained")
    axes = figure.subplots()
    if exact is not None:
        axes.plot(np.arange(1, len(exact) + 1), exact, "o-", label="exact")
    axes.plot(np.arange(1, len(learned) + 1), learned, "x--", label="SpectralNet")
    if suggested:
        axes.axvline(suggested + 0.5, color="grey", linestyle=":", label=f"{suggested} clusters?")
    axes.set(xlabel="eigenvector", ylabel="eigenvalue", title="Spectrum of the graph Laplacian")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    return figure


def methods(table: pd.DataFrame, title: str) -> Figure:
    """Draw scores of several methods on one data set, and what they cost, a bar each.

    Parameters
    ----------
    table : DataFrame
        One row a method: `method`, and at least one of `acc`, `nmi`, `seconds` and
        `peak_memory` in MiB; what is not there is not drawn.
    title : str
    """
    titles = {"acc": "ACC", "nmi": "NMI", "seconds": "seconds", "peak_memory": "MiB at the peak"}
    shown = [column for column in titles if column in table]
    figure = Figure(figsize=(3 * len(shown) + 1, 0.4 * len(table) + 1.2), layout="constrained")
    for axes, column in zip(figure.subplots(1, len(shown), sharey=True), shown, strict=True):
        bars = axes.barh(table["method"], table[column])
        scored = column in ("acc", "nmi")
        axes.bar_label(bars, fmt="{:.3f}" if scored else "{:.0f}", padding=2, fontsize=7)
        axes.set(title=titles[column])
        axes.margins(x=0.2)
    figure.axes[0].invert_yaxis()
    figure.suptitle(title)
    return figure


def learning_curves(histories: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the loss of each trained net over its epochs, a ring at the weights that are kept.

    Parameters
    ----------
    histories : dict of str to DataFrame
        By the net's name, as `spectralnet.nets.training.train` returns them.
    """
    figure = Figure(figsize=(4.2 * len(histories), 3.5), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(histories)))
    for axes, (name, history) in zip(panels, histories.items(), strict=True):
        for column, label in (("loss", "trained on"), ("held_out_loss", "held out")):
            axes.plot(history["epoch"], history[column], label=label)
        kept = history.nsmallest(1, "held_out_loss")
        axes.plot(kept["epoch"], kept["held_out_loss"], "o", mfc="none", color="C1", ms=9)
        axes.set(title=name, xlabel="epoch", ylabel="loss")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend()
    return figure


def sorted_affinity(graph: csr_array, clusters: NDArray[np.integer]) -> Figure:
    """Draw an affinity graph with its points sorted by cluster, as mean weights of bins.

    Parameters
    ----------
    graph : csr_array of shape (n, n)
        Never made dense: its entries are summed into at most `AFFINITY_BINS` bins a side.
    clusters : ndarray of shape (n,)
    """
    n = len(clusters)
    bins = min(n, AFFINITY_BINS)
    place = np.empty(n, dtype=np.int64)
    place[np.argsort(clusters, kind="stable")] = np.arange(n) * bins // n
    size = np.bincount(place, minlength=bins)
    mean = weights_between(graph, place, bins) / np.outer(size, size)
    figure = Figure(figsize=(5.5, 4.7), layout="constrained")
    axes = figure.subplots()
    shown = np.ma.masked_less_equal(mean, 0)
    extent = (0, n, n, 0)
    image = axes.imshow(shown, cmap="viridis_r", norm=LogNorm(), extent=extent)
    figure.colorbar(image, label="mean weight")
    names, counts = np.unique(clusters, return_counts=True)
    ends = np.cumsum(counts)
    for end in ends[:-1]:
        axes.axhline(end, color="black", linewidth=0.4)
        axes.axvline(end, color="black", linewidth=0.4)
    axes.set(xlabel="cluster", ylabel="cluster", title="Affinities, sorted by cluster")
    ticks = [cluster_name(name) for name in names]
    axes.set_xticks(ends - counts / 2, ticks)
    axes.set_yticks(ends - counts / 2, ticks)
    return figure


def terms(top: Mapping[int, Sequence[tuple[str, float]]]) -> Figure:
    """Draw the terms by which each cluster stands out, as `class_tfidf` finds them."""
    columns = min(5, len(top))
    lines = -(-len(top) // columns)
    figure = Figure(figsize=(2.6 * columns, 2.4 * lines), layout="constrained")
    panels: list[Any] = list(np.ravel(figure.subplots(lines, columns, squeeze=False)))
    for axes, (cluster, found) in zip(panels, top.items(), strict=False):
        names, weights = [name for name, _ in found], [weight for _, weight in found]
        axes.barh(range(len(found)), weights)
        axes.set_yticks(range(len(found)), names, fontsize=8)
        axes.invert_yaxis()
        axes.set(title="noise" if cluster == NOISE else f"cluster {cluster}", xticks=[])
    for axes in panels[len(top) :]:
        axes.set_axis_off()
    return figure
