"""Draw how each method divides the plane of two toy sets: docs/images/decision_regions.png.

python -m benchmarks.decision_regions [--seed SEED] [--out FILE]
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from spectralnet import DEC, DualAutoencoder, SpectralNet
from spectralnet.clusters.scores import accuracy
from tests.toys import nested_cs, two_moons


def draw_regions(
    axes: Axes,
    predict: Callable[[NDArray[np.float32]], NDArray[np.integer]],
    points: NDArray[np.floating],
    labels: NDArray[np.integer],
) -> None:
    """Colour the plane by the cluster that each place would be put into, and draw points.

    Parameters
    ----------
    axes : Axes
    predict : callable
        Takes places, shape (m, 2), to clusters, shape (m,).
    points : ndarray of shape (n, 2)
    labels : ndarray of shape (n,)
        Colour the points.
    """
    low, high = points.min(axis=0) - 0.3, points.max(axis=0) + 0.3
    x, y = np.meshgrid(*(np.linspace(a, b, 200) for a, b in zip(low, high, strict=True)))
    places = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)  # (m, 2)
    clusters = predict(places).reshape(x.shape)
    colours = mpl.colormaps["tab10"]
    axes.pcolormesh(x, y, clusters, cmap=colours, vmin=-0.5, vmax=9.5, alpha=0.3)
    first, second = points.T
    axes.scatter(first, second, c=labels, cmap=colours, vmin=-0.5, vmax=9.5, s=2, linewidths=0)
    axes.set(xticks=[], yticks=[], aspect="equal")


def draw(seed: int, out: Path) -> None:
    """Fit each method to each set, and write one picture."""
    sets = {"two moons": two_moons(1500, seed=seed), "nested C's": nested_cs(1500, seed=seed)}
    methods = {
        "k-means": KMeans(2, random_state=seed),
        "DEC": DEC(2, random_state=seed),
        "Dual Autoencoder": DualAutoencoder(2, random_state=seed),
        "SpectralNet": SpectralNet(2, random_state=seed),
    }
    figure = Figure(figsize=(3 * len(methods), 3 * len(sets)), layout="constrained")
    grid = figure.subplots(len(sets), len(methods), squeeze=False)
    for row, (name, (points, labels)) in zip(grid, sets.items(), strict=True):
        for axes, (method, estimator) in zip(row, methods.items(), strict=True):
            estimator.fit(points)
            draw_regions(axes, estimator.predict, points, labels)
            score = accuracy(labels, estimator.labels_)
            axes.set(title=f"{method}\n{name}: ACC {score:.3f}")
            print(f"{name}, {method}, seed {seed}: ACC {score:.3f}", flush=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("docs/images/decision_regions.png"))
    arguments = parser.parse_args()
    draw(arguments.seed, arguments.out)
