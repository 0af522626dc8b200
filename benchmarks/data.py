"""The data sets as the benchmarks read them: all points, prepared as in the pipeline."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectralnet.config.reading import read_params
from spectralnet.data.sets.catalogue import SOURCES
from spectralnet.data.sets.mnist import DATA_VARIABLE
from spectralnet.data.sets.subsets import limit


def load(
    name: str, n: int | None = None, seed: int = 0, **changes: Any
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Load features, shape (n, d), and labels, shape (n,); a seeded subset if n is given.

    `changes` are of what the set's block in ``params.yaml`` says: ``topics=10``.
    """
    options = read_params().datasets[name].model_copy(update=changes)
    dataset = limit(SOURCES[name].load([data_folder()], options), n, seed)
    return dataset.fit(dataset.raw).transform(dataset.raw), dataset.labels


def data_folder() -> Path:
    """Return the folder that data sets are read from."""
    return Path(os.environ.get(DATA_VARIABLE, "data"))
