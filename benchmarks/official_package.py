"""The official package of the paper's authors on the rows that this pipeline clusters.

Its import name is this project's, so that it needs an environment of its own:

    python -m venv /tmp/official && /tmp/official/bin/pip install spectralnet==1.1.0
    dvc repro prepare   # with dataset: mnist5k
    /tmp/official/bin/python benchmarks/official_package.py artifacts/mnist5k/input/features 0 1 2

For each seed, the settings of its own MNIST example (autoencoder, Siamese net, all defaults):
ACC, NMI, seconds, and the part of the points that a second `predict` gives the same cluster.
"""

import importlib
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

official = importlib.import_module("spectralnet")  # not this project's, which type checkers find


def main(folder: Path, seeds: list[int]) -> None:
    """Print a line a seed."""
    labels = np.load(folder / "labels.npy")
    x = torch.from_numpy(np.load(folder / "matrix" / "dense.npy"))
    for seed in seeds:
        forget_weights()
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002, of its k-means and pairs
        started = time.perf_counter()
        model = official.SpectralNet(10, should_use_ae=True, should_use_siamese=True)
        model.fit(x)
        clusters, again = model.predict(x), model.predict(x)
        print(
            f"seed {seed}: ACC {accuracy(labels, clusters):.3f}, "
            f"NMI {normalized_mutual_info_score(labels, clusters):.3f}, "
            f"{time.perf_counter() - started:.0f} s, "
            f"same cluster when predicted again {np.mean(clusters == again):.3f}",
            flush=True,
        )


def forget_weights() -> None:
    """Remove the trained nets that it keeps in its own folder, and would take for any data."""
    weights = Path(str(official.__file__)).parent / "_trainers" / "weights"
    shutil.rmtree(weights, ignore_errors=True)


def accuracy(labels: NDArray[np.int64], clusters: NDArray[np.int64]) -> float:
    """Score like `spectralnet.clusters.scores.accuracy`, which its namesake hides."""
    counts = contingency_matrix(labels, clusters)
    return counts[linear_sum_assignment(-counts)].sum() / len(labels)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(seed) for seed in sys.argv[2:]])
