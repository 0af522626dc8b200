"""How well probabilities are calibrated, and how often the number of clusters is chosen right.

``python -m benchmarks.membership calibration iris wine`` fits all nets anew on halves of points;
``python -m benchmarks.membership number iris wine`` chooses among 2 to 30. Names are those of
`benchmarks.sets.SETS`, by default all; labels count classes and score.
"""

import sys
from typing import Any

import numpy as np

from benchmarks.sets import SETS, Set
from spectralnet import SpectralNet
from spectralnet.clusters.selection import relative_gap, suggest_n_clusters
from spectralnet.graph.affinity import GraphParams
from spectralnet.membership.calibration import calibration, matched
from spectralnet.membership.n_clusters import candidates, choose_n_clusters
from spectralnet.membership.stability import halves
from spectralnet.methods.affinities import connect
from spectralnet.nets.devices import map_in_chunks, pick_device
from spectralnet.spectral.exact import exact_eigenvectors

REFITS = 4  # each on a half, with a seed of its own
EPOCHS = 10  # of the spectral net


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


def count(found: Set) -> str:
    """Choose the number of clusters by halves of the graph, and by its eigengaps."""
    x, labels = found.load(0)
    model = SpectralNet(2, image_shape=found.image_shape, random_state=0, spectralnet={"epochs": 1})
    model.fit(x)
    prepared = model.preparation_.transform(x)
    encoder = model.model_.encoder
    space = map_in_chunks(encoder, prepared, pick_device("cpu")) if len(encoder) else prepared
    graph, _ = connect(space, GraphParams(), 0)
    chosen = candidates("auto", space)
    lowest, highest = chosen if isinstance(chosen, tuple) else (chosen, chosen)
    number, _ = choose_n_clusters(graph, lowest, highest, normalised=True, seed=0)
    _, values = exact_eigenvectors(graph, highest + 1)
    relative = max(range(lowest, highest + 1), key=lambda k: relative_gap(values, k))
    plain = suggest_n_clusters(values)
    return f"{len(np.unique(labels))} classes: auto {number}, relative gap {relative}, gap {plain}"


if __name__ == "__main__":
    command = {"calibration": calibrate, "number": count}[sys.argv[1]]
    for name in sys.argv[2:] or SETS:
        print(f"{name}: {command(SETS[name])}", flush=True)
