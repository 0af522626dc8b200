"""What 2 % of known labels mend: the nested C's of the paper, under heavy noise.

    python -m benchmarks.known_labels

For each seed, ACC of SpectralNet without labels and with them, the known points left out, beside
Bayes' rule, which knows the distribution: nobody errs less on average.
"""

from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.special import logsumexp

from spectralnet.clusters.kmeans import fit_spectral_centroids, spectral_clusters
from spectralnet.clusters.scores import accuracy
from spectralnet.config.defaults import default_settings
from spectralnet.data.sets.subsets import choose_known
from spectralnet.graph.affinity import affinity_graph
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.graph.supervision import Supervision, with_supervision
from spectralnet.nets.devices import map_in_chunks
from spectralnet.spectral.training import train_spectral_map
from tests.toys import nested_cs

SEEDS = range(5)
N, NOISE, LABELLED = 1900, 0.175, 0.02
CPU = torch.device("cpu")
CHANGES: dict[str, dict[str, Any]] = {
    "graph": {"n_neighbours": 30, "scale": "global", "overlap": 2},
    "spectralnet": {"n_components": 2, "epochs": 40, "learning_rate": 0.003},
}


def run(seed: int) -> dict[str, float]:
    """Cluster one draw of the toy set without and with known labels."""
    points, labels = nested_cs(N, NOISE, seed)
    known = choose_known(labels, LABELLED, seed)
    settings = default_settings(N, 2, CHANGES)
    neighbours = nearest_neighbours(points, settings.graph.n_neighbours)
    plain = affinity_graph(neighbours, settings.graph)
    unknown = known < 0
    right = bayes_rule(points) == labels
    row = {"seed": seed, "Bayes": float(np.mean(right[unknown]))}
    told = with_supervision(plain, Supervision(known), seed)
    for name, graph in (("unsupervised", plain), ("2 %", told)):
        net, eigenvalues, *_ = train_spectral_map(
            points, graph, settings.spectralnet, settings.graph, seed=seed, device=CPU
        )
        embedding = map_in_chunks(net, points, CPU)
        centred = fit_spectral_centroids(embedding, eigenvalues, 2, seed)
        clusters = spectral_clusters(embedding, centred)
        row[name] = accuracy(labels[unknown], clusters[unknown])
    return row


def bayes_rule(points: NDArray[np.float32]) -> NDArray[np.int64]:
    """Put each point into the C of the larger density, an integral over its half circle."""
    t = np.linspace(-np.pi / 2, np.pi / 2, 400)
    outer = np.stack([np.cos(t), np.sin(t)], axis=1)
    inner = np.stack([0.5 - np.cos(t), -1 - np.sin(t)], axis=1)
    density = [
        logsumexp(-((points[:, None] - curve) ** 2).sum(axis=2) / (2 * NOISE**2), axis=1)
        for curve in (outer, inner)
    ]
    return np.argmax(density, axis=0)


if __name__ == "__main__":
    table = pd.DataFrame([run(seed) for seed in SEEDS]).set_index("seed")
    print(table.to_string(float_format="{:.3f}".format))
    print(pd.DataFrame({"mean": table.mean(), "std": table.std()}).T.to_string())
