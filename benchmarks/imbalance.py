"""Cluster subsets in which classes are ever more unequal (Xie et al. 2016, section 5.5).

A point of class 0 is kept with probability r_min, one of the last class with 1, linear between.
DEC, and k-means on the codes that it starts from, have the settings of params.yaml.

python -m benchmarks.imbalance [--dataset mnist5k] [--n N] [--seed SEED]
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.data import load
from spectralnet import SpectralNet
from spectralnet.artifacts import save_table
from spectralnet.clusters.scores import scores
from spectralnet.config.reading import read_params
from spectralnet.methods.dec.stacked import train_stacked
from spectralnet.methods.dec.training import train_dec
from spectralnet.nets.devices import map_in_chunks, pick_device
from spectralnet.report.comparison import kmeans_clusters

LEAST = (0.1, 0.3, 0.5, 0.7, 0.9)


def retained(labels: NDArray[np.integer], least: float, seed: int) -> NDArray[np.bool_]:
    """Draw which points are kept: a mask of shape (n,)."""
    classes, index = np.unique(labels, return_inverse=True)
    rate = np.linspace(least, 1, len(classes))
    return np.random.default_rng(seed).random(len(labels)) < rate[index]


def measure(dataset: str, n: int | None, seed: int) -> pd.DataFrame:
    """Score each method on each subset."""
    params, device = read_params(), pick_device("auto")
    x, labels = load(dataset, n)
    k, rows = len(np.unique(labels)), []
    for least in LEAST:
        kept = retained(labels, least, seed)
        some = x[kept]
        net, _ = train_stacked(some, params.block("stacked"), seed=seed, device=device)
        codes = map_in_chunks(net.encoder, some, device)
        dec, _, _ = train_dec(some, net.encoder, k, params.block("dec"), seed=seed, device=device)
        spectralnet = SpectralNet(k, affinity="siamese", random_state=seed)
        clusterings = {
            "k-means": kmeans_clusters(some, k, seed),
            "AE + k-means": kmeans_clusters(codes, k, seed),
            "DEC": dec.predict(some, device),
            "SpectralNet": spectralnet.fit_predict(some),
        }
        for method, clusters in clusterings.items():
            shared = {"r_min": least, "n": int(kept.sum()), "method": method, "seed": seed}
            rows.append(shared | scores(labels[kept], clusters))
            print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def draw(table: pd.DataFrame) -> Figure:
    """Draw ACC and NMI of each method over r_min."""
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("acc", "nmi"), strict=True):
        for method, rows in table.groupby("method"):
            axes.plot(rows["r_min"], rows[name], "o-", label=method)
        axes.set(xlabel="part kept of the rarest class, r_min", title=name.upper())
        axes.legend()
    return figure


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="mnist5k")
    parser.add_argument("--n", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("docs/images/imbalance"))
    arguments = parser.parse_args()
    table = measure(arguments.dataset, arguments.n, arguments.seed)
    save_table(arguments.out.with_suffix(".csv"), table)
    draw(table).savefig(arguments.out.with_suffix(".png"), dpi=110)
