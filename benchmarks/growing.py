"""MNIST that comes in ten parts: growing a model by each, beside fitting all rows so far anew.

``python -m benchmarks.growing [ROWS]``, ROWS a part, by default 7,000. Before and after that,
digits 0 to 7 first, then 8 and 9, with eight clusters, and with a number that may grow. Labels
score. Seconds are of CPUs, all threads together: with OMP_NUM_THREADS=1, those that an idle
machine takes.
"""

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import load
from spectralnet import SpectralNet
from spectralnet.clusters.scores import accuracy

PARTS = 10
SEEN = 8  # digits of the first part


def model(n_clusters: Any) -> SpectralNet:
    """Return the default for images."""
    return SpectralNet(n_clusters, image_shape=(28, 28), random_state=0)


def timed(fit: Callable[[NDArray[np.float32]], SpectralNet], x: NDArray[np.float32]) -> float:
    """Return the CPU seconds of a fit; its warnings are told by its attributes."""
    started = time.process_time()  # which other work on the machine does not lengthen
    with warnings.catch_warnings(action="ignore"):
        fit(x)
    return time.process_time() - started


def told(grown: SpectralNet) -> str:
    """Say what a growing model says of its last part."""
    return (
        f"{grown.n_moved_} moved, Rayleigh {grown.rayleigh_ratio_:.2f}, "
        f"{grown.novel_.sum()} of {len(grown.novel_)} novel, new clusters {grown.new_clusters_}"
    )


def in_parts(x: NDArray[np.float32], labels: NDArray[np.int64], rows: int) -> None:
    """Grow a model part by part."""
    grown = model(10)
    for part in range(1, PARTS + 1):
        n = part * rows
        seconds = timed(grown.partial_fit, x[n - rows : n])
        line = f"{n:6} rows: ACC {accuracy(labels[:n], grown.labels_):.4f} in {seconds:5.1f} s"
        if part > 1:
            fresh = model(10)
            anew = timed(fresh.fit, x[:n])
            line += f"; fresh {accuracy(labels[:n], fresh.labels_):.4f} in {anew:5.1f} s"
            line += f"; {told(grown)}"
        print(line, flush=True)


def never_seen(x: NDArray[np.float32], labels: NDArray[np.int64], n_clusters: Any) -> None:
    """Grow a model of some digits by the others."""
    grown, first = model(n_clusters), labels < SEEN
    timed(grown.fit, x[first])
    score = accuracy(labels[first], grown.labels_)
    former = grown.n_clusters_
    seconds = timed(grown.partial_fit, x[~first])
    order = np.concatenate([labels[first], labels[~first]])
    print(
        f"n_clusters={n_clusters}: ACC {score:.4f} in {former} clusters, then "
        f"{accuracy(order, grown.labels_):.4f} in {grown.n_clusters_}, {seconds:.1f} s; "
        + told(grown),
        flush=True,
    )


def main(rows: str = "7000") -> None:
    """Run both."""
    x, labels = load("mnist", PARTS * int(rows))
    order = np.random.default_rng(0).permutation(len(x))
    x, labels = x[order], labels[order]
    never_seen(x, labels, SEEN)
    in_parts(x, labels, int(rows))
    never_seen(x, labels, "auto")


if __name__ == "__main__":
    main(*sys.argv[1:])
