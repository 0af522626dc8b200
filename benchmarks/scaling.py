"""What each step of the estimator costs by the number of points.

``python -m benchmarks.scaling [N ...]`` fits ten noisy rings in random planes of ten dimensions,
each number of points in a process of its own (by default 10^4 to 10^6), and prints time and
memory of each step. Threads are those of ``OMP_NUM_THREADS``.
"""

import functools
import subprocess
import sys
import time
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from benchmarks.one_run import peak_mib
from spectralnet import SpectralNet

SIZES = (10_000, 100_000, 1_000_000)
RINGS, COLUMNS, NOISE = 10, 10, 0.05
STEPS = {  # by the module that calls them
    "spectralnet.estimators.base": ("fit_scale",),
    "spectralnet.methods.affinities": (
        "nearest_distinct",
        "directed_affinity",
        "symmetrised",
        "describe_graph",
    ),
    "spectralnet.spectral.training": ("train", "finish"),
    "spectralnet.methods.spectralnet": (
        "map_in_chunks",
        "fit_spectral_centroids",
        "assign",
        "fit_hierarchy",
        "fit_membership",
    ),
}


def rings(n: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Draw points near circles of radius 1, each in a plane and around a place of its own."""
    random = np.random.default_rng(seed)
    labels = random.integers(RINGS, size=n)
    x = np.empty((n, COLUMNS), dtype=np.float32)
    for ring in range(RINGS):
        rows = np.flatnonzero(labels == ring)
        plane = np.linalg.qr(random.normal(size=(COLUMNS, 2)))[0].T  # (2, d)
        angle = random.uniform(0, 2 * np.pi, len(rows))
        circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)  # (m, 2)
        x[rows] = circle @ plane + random.normal(0, 2, COLUMNS)
        x[rows] += NOISE * random.standard_normal((len(rows), COLUMNS), dtype=np.float32)
    return x, labels


def row(name: str, wall: float, cpu: float) -> None:
    """Print a step, and the most memory that the process held so far."""
    print(f"| {name} | {wall:.1f} | {cpu:.1f} | {peak_mib():,.0f} |", flush=True)


def timed(name: str, step: Any) -> Any:
    """Print what each call of a step costs."""

    @functools.wraps(step)
    def call(*args: Any, **kwargs: Any) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        result = step(*args, **kwargs)
        row(name, time.perf_counter() - wall, time.process_time() - cpu)
        return result

    return call


def fit(n: int) -> None:
    """Fit n points and print a table."""
    x, labels = rings(n)
    print(f"\n{n:,} points\n\n| step | s | CPU s | peak so far, MiB |\n| --- | --- | --- | --- |")
    row("before", 0, 0)
    for module, names in STEPS.items():
        for name in names:
            caller = import_module(module)
            setattr(caller, name, timed(name, getattr(caller, name)))
    model = SpectralNet(RINGS, random_state=0)
    timed("all", model.fit)(x)
    step = 1000 * model.history_["spectralnet"]["seconds"].median() / 100
    agreement = adjusted_rand_score(labels, model.labels_)
    print(f"\n{step:.2f} ms a step of the spectral map; ARI {agreement:.4f}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        fit(int(float(sys.argv[1])))
    else:
        for size in sys.argv[1:] or map(str, SIZES):
            subprocess.run([sys.executable, "-m", "benchmarks.scaling", size], check=True)
