"""Many wide rows: MNIST's digits, each deformed in ways of its own, in files that are mapped.

    python -m benchmarks.deformed write 1e6 /data/digits    # features.npy of uint8, labels.npy
    python -m benchmarks.deformed recall 1e6 /data/digits   # of the search among its pixels

The digits are those of MNIST in turn, turned, shifted, scaled and sheared by half of what
`augment: affine` does. What was written is a data set for the pipeline:

    dvc exp run -S dataset=own -S own.path=/data/digits -S space=code -S affinity=siamese

`recall` compares neighbours with all pairs of 1,000 rows, by this project's search and by faiss's
alone: of the pixels, and of unit rows.
"""

import sys
import time
from pathlib import Path

import faiss
import numpy as np
import torch
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from benchmarks.data import load
from benchmarks.one_run import peak_mib
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.matrices import blocks
from spectralnet.metric.augmentation import AffineParams, RandomAffine

SIDE = 28
AT_ONCE = 10_000
DEFORMED = AffineParams(rotation=7.5, shift=0.05, scale=0.1, shear=0.125)
N_NEIGHBOURS, MEASURED = 20, 1000


def write(n: int, folder: Path) -> None:
    """Write n deformed digits and their labels."""
    x, labels = load("mnist")
    deform, generator = RandomAffine((SIDE, SIDE), DEFORMED), torch.Generator().manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "labels.npy", np.resize(labels, n).astype(np.uint8))
    images = open_memmap(folder / "features.npy", "w+", np.uint8, (n, SIDE, SIDE))
    for rows in blocks(n, AT_ONCE):
        drawn = torch.from_numpy(x[np.arange(rows.start, rows.stop) % len(x)])
        pixels = (255 * deform(drawn, generator)).round().clamp(0, 255)
        images[rows] = pixels.view(-1, SIDE, SIDE).numpy()


def recall(n: int, folder: Path) -> None:
    """Print the recall of the neighbours of the first n digits' pixels, and of unit rows."""
    images = np.load(folder / "features.npy", mmap_mode="r")[:n]
    x = np.empty((len(images), SIDE * SIDE), dtype=np.float32)
    for rows in blocks(len(x), AT_ONCE):
        x[rows] = images[rows].reshape(-1, SIDE * SIDE) / np.float32(255)
    print(f"{len(x):,} rows of {x.shape[1]}", flush=True)
    print("pixels:", measured(x), flush=True)
    for rows in blocks(len(x), AT_ONCE):
        x[rows] /= np.linalg.norm(x[rows], axis=1, keepdims=True)
    print("unit rows:", measured(x), flush=True)


def measured(x: NDArray[np.float32]) -> str:
    """Search, and say how many of some rows' true neighbours were found."""
    started = time.perf_counter(), time.process_time()
    found = nearest_neighbours(x, N_NEIGHBOURS, seed=0)
    seconds, used = time.perf_counter() - started[0], time.process_time() - started[1]
    rows = np.random.default_rng(1).choice(len(x), min(MEASURED, len(x)), replace=False)
    truth = faiss.knn(x[rows], x, N_NEIGHBOURS + 1)[1]
    each = zip(rows, truth, found.indices[rows], strict=True)
    shared = [len(set(near) & set(told) - {row}) for row, near, told in each]
    return (
        f"{found.search} search {seconds:.0f} s ({used:.0f} of CPUs), recall {found.recall:.4f} by "
        f"its own measure, {np.mean(shared) / N_NEIGHBOURS:.4f} by faiss's search of all pairs; "
        f"{peak_mib():,.0f} MiB at the peak"
    )


if __name__ == "__main__":
    {"write": write, "recall": recall}[sys.argv[1]](int(float(sys.argv[2])), Path(sys.argv[3]))
