"""A picture of nested clusters."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.cluster import hierarchy

from spectralnet.clusters.noise import NOISE
from spectralnet.report.plots import colours_of

LEAVES = 60  # at most
TICKS = 30


def dendrogram(linkage: NDArray[np.floating], parents: NDArray[np.integer]) -> Figure:
    """Draw which groups of points are joined: those of a cluster in its colour, clusters in black.

    A join is as high as its place in the order of all: a line at the tick k cuts k clusters. The
    line of dots cuts those that were fitted.

    Parameters
    ----------
    linkage : ndarray of shape (m - 1, 4)
        As of `spectralnet.membership.hierarchy.Hierarchy`, m >= 2; the last `LEAVES` - 1 joins are
        drawn.
    parents : ndarray of shape (m,)
        The cluster that each group is a part of.
    """
    m, fitted = len(parents), np.unique(parents)
    owners = parents.tolist()  # then of what is joined; NOISE where it is of several clusters
    for one, other in linkage[:, :2].astype(int):
        owners.append(owners[one] if owners[one] == owners[other] else NOISE)
    colours = colours_of(fitted.tolist())
    ranked = np.column_stack([linkage[:, :2], np.arange(1.0, m), linkage[:, 3]])
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    hierarchy.dendrogram(
        ranked, LEAVES, "lastp", ax=axes, leaf_rotation=0, leaf_font_size=7,
        leaf_label_func=lambda node: "" if owners[node] == NOISE else str(owners[node]),
        link_color_func=lambda node: colours.get(owners[node], "black"),
    )  # fmt: skip
    axes.axhline(m - len(fitted) + 0.5, color="grey", linestyle=":")
    shown = min(m, LEAVES)
    numbers = np.arange(1, shown + 1, -(-shown // TICKS))
    axes.set_yticks(m - numbers + 0.5, numbers, fontsize=7)
    axes.set_ylim(m - shown, m)
    axes.set(xlabel="cluster of each group", ylabel="clusters of a cut", title="Nested clusters")
    return figure
