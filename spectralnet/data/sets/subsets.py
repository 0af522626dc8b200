"""Which points of a data set are kept, held out, and known by their labels."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spectralnet.data.sets.dataset import Dataset
from spectralnet.errors import DataError

HELD_OUT_WITHOUT_TEST_PART = 0.2


def limit(dataset: Dataset, n: int | None, seed: int) -> Dataset:
    """Keep n seeded rows of a data set, in their order; all of them if n is None or larger."""
    total = dataset.raw.shape[0]
    if n is None or n >= total:
        return dataset
    rows = np.sort(np.random.default_rng(seed).choice(total, n, replace=False))
    return dataset._replace(
        raw=dataset.raw[rows],
        labels=dataset.labels[rows],
        names=dataset.names[rows],
        is_test=None if dataset.is_test is None else dataset.is_test[rows],
        shown=None if dataset.shown is None else [dataset.shown[row] for row in rows],
        must_link=pairs_among(rows, dataset.must_link, total),
        cannot_link=pairs_among(rows, dataset.cannot_link, total),
    )


def pairs_among(rows: NDArray[np.integer], pairs: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return pairs of n rows, (p, 2), by their places among the `rows` that are kept.

    Those that are not kept whole are left out.
    """
    place = np.full(n, -1)
    place[rows] = np.arange(len(rows))
    found = place[pairs]
    return found[(found >= 0).all(axis=1)]


def held_out_mask(
    dataset: Dataset, fit_on: Literal["all", "train"], seed: int
) -> NDArray[np.bool_]:
    """Say which points are kept for out-of-sample scores.

    Parameters
    ----------
    dataset : Dataset
    fit_on : {"all", "train"}
        "all" keeps none (the papers' protocol), "train" the official test part, or a
        seeded fifth of the points where there is none.
    seed : int

    Returns
    -------
    bool ndarray of shape (n,)
    """
    n = dataset.raw.shape[0]
    if fit_on == "all":
        return np.zeros(n, dtype=bool)
    if dataset.is_test is not None:
        return dataset.is_test
    mask = np.zeros(n, dtype=bool)
    mask[np.random.default_rng(seed).permutation(n)[: round(HELD_OUT_WITHOUT_TEST_PART * n)]] = True
    return mask


def choose_known(labels: NDArray[np.int64], fraction: float, seed: int) -> NDArray[np.int64]:
    """Choose the labels that may be used.

    Parameters
    ----------
    labels : ndarray of shape (n,)
    fraction : float
        Of the points that have a label, -1 being none. Above 0, one at least is known.
    seed : int

    Returns
    -------
    ndarray of shape (n,)
        The labels of that part of the points, -1 elsewhere.

    Raises
    ------
    DataError
        If labels are asked for where the data set has none.
    """
    known = np.full_like(labels, -1)
    there = np.flatnonzero(labels >= 0)
    if fraction > 0 and not there.size:
        raise DataError(f"labelled = {fraction}, but no point has a label: set labelled: 0")
    n_known = max(round(fraction * len(there)), int(fraction > 0))
    # Another stream than the trainings' (`hold_out`), which would hold out the very same points.
    chosen = np.random.default_rng([seed, 1]).permutation(there)[:n_known]
    known[chosen] = labels[chosen]
    return known
