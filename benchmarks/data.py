"""The data sets as the benchmarks read them: all points, prepared as in the pipeline."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spectralnet.config.reading import read_params
from spectralnet.data.sets.catalogue import SOURCES
from spectralnet.data.sets.mnist import DATA_VARIABLE
from spectralnet.data.sets.subsets import limit


def load(
    name: str, n: int | None = None, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Load features, shape (n, d), and labels, shape (n,); a seeded subset if n is given."""
    options = read_params().datasets[name]
    folder = Path(os.environ.get(DATA_VARIABLE, "data"))
    dataset = limit(SOURCES[name].load([folder], options), n, seed)
    return dataset.fit(dataset.raw).transform(dataset.raw), dataset.labels
