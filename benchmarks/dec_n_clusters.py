"""Choose DEC's number of clusters without labels (Xie et al. 2016, section 5.4).

Generalisability is the KL loss of the fitted points over that of held-out ones: it drops where
clusters are too many. Stability is the mean NMI between the clusterings of several seeds. The
NMI with the labels stands beside them, and chooses nothing.

python -m benchmarks.dec_n_clusters [--dataset mnist5k] [--clusters 6 14] [--seeds 3]
"""

import argparse
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import normalized_mutual_info_score

from benchmarks.data import load
from spectralnet.artifacts import save_table
from spectralnet.config.reading import read_params
from spectralnet.methods.dec.model import generalisability
from spectralnet.methods.dec.stacked import train_stacked
from spectralnet.methods.dec.training import train_dec
from spectralnet.nets.batches import hold_out
from spectralnet.nets.devices import pick_device

HELD_OUT = 0.2
TITLES = {
    "generalisability": "loss fitted / loss held out",
    "stability": "NMI between seeds",
    "nmi": "NMI with the labels",
}


def measure(dataset: str, numbers: range, seeds: int) -> pd.DataFrame:
    """Train one autoencoder, and DEC from it for each number of clusters and seed."""
    params, device = read_params(), pick_device("auto")
    x, labels = load(dataset)
    held_out = hold_out(len(labels), HELD_OUT, seed=0)
    net, _ = train_stacked(x[~held_out], params.block("stacked"), seed=0, device=device)
    dec, rows = params.block("dec"), []
    for k in numbers:
        models = [
            train_dec(x[~held_out], deepcopy(net.encoder), k, dec, seed=seed, device=device)[0]
            for seed in range(seeds)
        ]
        clusterings = [model.predict(x, device) for model in models]
        ratios = [generalisability(m, x[~held_out], x[held_out], device) for m in models]
        nmi = [normalized_mutual_info_score(labels, clusters) for clusters in clusterings]
        found = (np.mean(ratios), mean_agreement(clusterings).mean(), np.mean(nmi))
        rows.append({"n_clusters": k, **dict(zip(TITLES, map(float, found), strict=True))})
        print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def mean_agreement(clusterings: Sequence[NDArray[np.integer]]) -> NDArray[np.float64]:
    """Measure how well each of several clusterings of the same points agrees with the others.

    Parameters
    ----------
    clusterings : sequence of ndarray of shape (n,)
        At least two, of one setting under different seeds.

    Returns
    -------
    ndarray of shape (len(clusterings),)
        The mean NMI of each with the others: a cluster that one seed alone finds is an
        accident of that seed.
    """
    m = len(clusterings)
    nmi = np.ones((m, m))
    for i in range(m):
        for j in range(i):
            nmi[i, j] = nmi[j, i] = normalized_mutual_info_score(clusterings[i], clusterings[j])
    return (nmi.sum(axis=1) - 1) / (m - 1)


def draw(table: pd.DataFrame) -> Figure:
    """Draw each criterion over the number of clusters."""
    figure = Figure(figsize=(10, 3), layout="constrained")
    for axes, (name, title) in zip(figure.subplots(1, len(TITLES)), TITLES.items(), strict=True):
        axes.plot(table["n_clusters"], table[name], "o-")
        axes.set(xlabel="clusters", title=title)
    return figure


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="mnist5k")
    parser.add_argument("--clusters", type=int, nargs=2, default=(6, 14))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("docs/images/dec_n_clusters"))
    arguments = parser.parse_args()
    least, most = arguments.clusters
    if arguments.seeds < 2:
        parser.error("--seeds: stability is between at least 2")
    table = measure(arguments.dataset, range(least, most + 1), arguments.seeds)
    save_table(arguments.out.with_suffix(".csv"), table)
    draw(table).savefig(arguments.out.with_suffix(".png"), dpi=110)
