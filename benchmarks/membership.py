"""How well probabilities are calibrated, and how often the number of clusters is chosen right.

``python -m benchmarks.membership calibration iris wine`` fits all nets anew on halves of points;
``python -m benchmarks.membership number iris wine`` chooses among 2 to 30, beside other rules and
methods. Names are those of `benchmarks.sets.SETS`, by default all; labels count classes and score.
"""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import silhouette_score

from benchmarks.peers import METHODS, Task
from benchmarks.sets import SETS, Set
from spectralnet import SpectralNet
from spectralnet.clusters.kmeans import (
    fit_spectral_centroids,
    spectral_clusters,
    weighted_directions,
)
from spectralnet.clusters.selection import relative_gap, suggest_n_clusters
from spectralnet.graph.affinity import GraphParams
from spectralnet.membership.calibration import calibration, matched
from spectralnet.membership.n_clusters import candidates, choose_n_clusters
from spectralnet.membership.stability import halves
from spectralnet.methods.affinities import connect
from spectralnet.nets.devices import map_in_chunks, pick_device
from spectralnet.spectral.exact import exact_eigenvectors
from spectralnet.spectral.training import candidate_components

REFITS = 4  # each on a half, with a seed of its own
EPOCHS = 10  # of the spectral net
SAMPLE = 5000  # points of a silhouette
COUNTING = ("HDBSCAN", "UMAP + HDBSCAN", "EVoC")


def calibrate(found: Set) -> str:
    """Hold the largest probability of each point against how often refits keep its cluster."""
    x, labels = found.load(0)
    x, k = np.asarray(x), len(np.unique(labels))
    settings: dict[str, Any] = {"image_shape": found.image_shape, "spectralnet": {"epochs": EPOCHS}}
    model = SpectralNet(k, random_state=0, **settings).fit(x)
    kept = np.zeros(len(x))
    for seed, half in zip(range(1, REFITS + 1), halves(len(x), 1), strict=False):
        refit = SpectralNet(k, random_state=seed, **settings).fit(x[half])
        kept += (matched(model.labels_, refit.predict(x), k) == model.labels_) / REFITS
    error, _ = calibration(model.predict_proba(x).max(axis=1), kept)
    return f"ECE {error:.3f}, kept {kept.mean():.3f}"


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
    command = {"calibration": calibrate, "number": count}[sys.argv[1]]
    for name in sys.argv[2:] or SETS:
        print(f"{name}: {command(SETS[name])}", flush=True)
