"""How well probabilities are calibrated, what is taken for noise, how many clusters are found.

``python -m benchmarks.membership calibration iris wine`` fits all nets anew on halves of points,
and draws docs/images/calibration.png; ``... number iris wine`` chooses among 2 to 30, beside other
rules and methods. Names are those of `benchmarks.sets.SETS`, by default all; labels count classes
and score. ``... noise`` fits moons among uniform points; ``... pixels MODEL`` shows a saved model
of MNIST's digits images of random pixels, and the 10,000 test images.
"""

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.datasets import make_moons
from sklearn.metrics import (
    adjusted_rand_score,
    f1_score,
    precision_recall_curve,
    silhouette_score,
)

from benchmarks.data import data_folder
from benchmarks.peers import METHODS, Task
from benchmarks.sets import SETS, Set
from spectralnet import SpectralNet
from spectralnet.clusters.kmeans import (
    fit_spectral_centroids,
    spectral_clusters,
    weighted_directions,
)
from spectralnet.clusters.selection import relative_gap, suggest_n_clusters
from spectralnet.data.sets.mnist import MNIST, fetch_images
from spectralnet.graph.affinity import GraphParams
from spectralnet.membership.calibration import calibration, matched
from spectralnet.membership.n_clusters import candidates, choose_n_clusters
from spectralnet.membership.part import FAR_OUT
from spectralnet.membership.stability import halves
from spectralnet.methods.affinities import connect
from spectralnet.methods.predictor import Predictor
from spectralnet.nets.devices import map_in_chunks, pick_device
from spectralnet.spectral.exact import exact_eigenvectors
from spectralnet.spectral.training import candidate_components

REFITS = 4  # each on a half, with a seed of its own
EPOCHS = 10  # of the spectral net
SAMPLE = 5000  # points of a silhouette
COUNTING = ("HDBSCAN", "UMAP + HDBSCAN", "EVoC")
PICTURE = Path("docs/images/calibration.png")
SEEDS = 10  # of moons
SCATTERED = 50  # uniform points among them
N_IMAGES = 1000  # of random pixels


class Moons(NamedTuple):
    """Moons of 1,000 points, among uniform ones."""

    noise: float  # standard deviation of the moons' points
    margin: float  # of the box around them, on each side


MOONS = {
    "wide box": Moons(0.05, 0.5),
    "wide moons": Moons(0.075, 0.5),
    "narrow box": Moons(0.05, 0),
}


def calibrate(found: Set) -> tuple[float, float, NDArray[np.float64]]:
    """Hold the largest probability of each point against how often refits keep its cluster.

    Returns the expected calibration error, the part of points kept, and the bins of `calibration`.
    """
    x, labels = found.load(0)
    x, k = np.asarray(x), len(np.unique(labels))
    settings: dict[str, Any] = {"image_shape": found.image_shape, "spectralnet": {"epochs": EPOCHS}}
    model = SpectralNet(k, random_state=0, **settings).fit(x)
    kept = np.zeros(len(x))
    for seed, half in zip(range(1, REFITS + 1), halves(len(x), 1), strict=False):
        refit = SpectralNet(k, random_state=seed, **settings).fit(x[half])
        kept += (matched(model.labels_, refit.predict(x), k) == model.labels_) / REFITS
    error, bins = calibration(model.predict_proba(x).max(axis=1), kept)
    return error, float(kept.mean()), bins


def calibrations(names: list[str]) -> None:
    """Print the calibration on each set, as rows of a table, and draw all of them."""
    figure = Figure(figsize=(2.9 * len(names), 3.1), layout="constrained")
    axes = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    print("| set | ECE | points that keep their cluster |\n| --- | --- | --- |")
    for ax, name in zip(axes, names, strict=True):
        error, kept, bins = calibrate(SETS[name])
        print(f"| {name} | {error:.3f} | {kept:.3f} |", flush=True)
        ax.plot([0, 1], [0, 1], color="0.7", linewidth=1)
        ax.plot(bins[:, 0], bins[:, 1], color="C0", linewidth=1)
        ax.scatter(bins[:, 0], bins[:, 1], 8 + 200 * bins[:, 2], color="C0")
        ax.set(title=f"{name}, ECE {error:.3f}", xlabel="probability given")
    axes[0].set_ylabel("part that keeps its cluster")
    figure.savefig(PICTURE, dpi=100)


def find_noise(drawn: Moons, seed: int) -> tuple[float, float, float, float]:
    """Take for noise what lies around moons.

    Returns F1 of the noise, that of the best threshold, ARI of the moons' points that are no
    noise, and the part of the moons' points that are.
    """
    moons, moon = make_moons(1000, noise=drawn.noise, random_state=seed)
    low, high = moons.min(axis=0) - drawn.margin, moons.max(axis=0) + drawn.margin
    scattered = np.random.default_rng(seed).uniform(low, high, (SCATTERED, 2))
    x, true = np.concatenate([moons, scattered]), np.arange(1000 + SCATTERED) >= 1000
    model = SpectralNet(2, noise="auto", random_state=seed).fit(x)
    found = model.labels_ == -1
    precision, recall, _ = precision_recall_curve(true, model.outlier_scores_)
    best = np.max(2 * precision * recall / np.maximum(precision + recall, 1e-12))
    kept = ~found[:1000]
    ari = adjusted_rand_score(moon[kept], model.labels_[:1000][kept])
    return f1_score(true, found), best, ari, 1 - kept.mean()


def noises() -> None:
    """Print what is taken for noise: mean, standard deviation and extremes over the seeds."""
    for name, drawn in MOONS.items():
        rows = np.array([find_noise(drawn, seed) for seed in range(SEEDS)])  # (seeds, 4)
        for what, told in zip(("F1", "best F1", "ARI", "moons lost"), rows.T, strict=True):
            spread = f"{told.mean():.3f} ± {told.std():.3f}, {told.min():.3f} to {told.max():.3f}"
            print(f"{name}, {what}: {spread}", flush=True)


def pixels(folder: Path) -> None:
    """Print which part of random images, and of MNIST's test images, a model takes for noise."""
    predictor, random = Predictor.load(folder), np.random.default_rng(0)
    uniform = random.integers(0, 256, (N_IMAGES, 28, 28), np.uint8)
    black_or_white = 255 * random.integers(0, 2, (N_IMAGES, 28, 28), np.uint8)
    digits = fetch_images(MNIST, [data_folder()])["x_test"]
    images = {"uniform": uniform, "black or white": black_or_white, "test digits": digits}
    for name, shown in images.items():
        scores = predictor.predict(shown).outlier_scores
        if scores is None:
            raise SystemExit(f"{folder} is of a former version, which tells no outliers")
        print(f"{name}: {np.mean(scores > FAR_OUT):.2%} of {len(scores)} above {FAR_OUT:g}")


def silhouette(u: NDArray[np.float64], values: NDArray[np.float64], k: int) -> float:
    """Score k clusters of exact eigenvectors, (n, c), in the directions that they are read off."""
    centred = fit_spectral_centroids(u, values, k, 0)
    clusters, places = spectral_clusters(u, centred), weighted_directions(u, centred.weights)
    few = len(np.unique(clusters)) < 2
    return -1 if few else silhouette_score(places, clusters, sample_size=SAMPLE, random_state=0)


def count(found: Set) -> str:
    """Choose the number of clusters by halves of the graph, by other rules, by other methods."""
    x, labels = found.load(0)
    model = SpectralNet(2, image_shape=found.image_shape, random_state=0, spectralnet={"epochs": 1})
    model.fit(x)
    prepared = model.preparation_.transform(x)
    encoder = model.model_.encoder
    space = map_in_chunks(encoder, prepared, pick_device("cpu")) if len(encoder) else prepared
    graph, _ = connect(space, GraphParams(), 0)
    chosen = candidates("auto", space)
    lowest, highest = chosen if isinstance(chosen, tuple) else (chosen, chosen)
    numbers = range(lowest, highest + 1)
    u, values = exact_eigenvectors(graph, candidate_components(highest))
    told = {
        "auto": choose_n_clusters(graph, lowest, highest, normalised=True, seed=0)[0],
        "relative gap": max(numbers, key=lambda k: relative_gap(values, k)),
        "gap": suggest_n_clusters(values[: highest + 1]),
        "silhouette": max(
            numbers,
            key=lambda k: silhouette(
                u[:, : candidate_components(k)], values[: candidate_components(k)], k
            ),
        ),
    }
    for name in COUNTING:
        try:
            clusters = METHODS[name].make(Task(highest, 0, None))(x)
        except ValueError as error:  # EVoC asks for more columns
            told[f"{name} ({error})"] = 0
        else:
            told[name] = len(np.unique(clusters[clusters >= 0]))  # noise is none
    return f"{len(np.unique(labels))} classes: {told}"


if __name__ == "__main__":
    part, *names = sys.argv[1:]
    if part == "calibration":
        calibrations(names or list(SETS))
    elif part == "number":
        for name in names or SETS:
            print(f"{name}: {count(SETS[name])}", flush=True)
    elif part == "noise":
        noises()
    elif part == "pixels":
        pixels(Path(names[0]))
    else:
        raise SystemExit(f"{part}: choose one of calibration, number, noise, pixels")
