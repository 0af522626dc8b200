"""What a data set is, once it is loaded."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectralnet.data.preparation import Preparation


class Dataset(NamedTuple):
    """Raw samples in the order of their source, and how to prepare them."""

    raw: NDArray[Any] | csr_array  # (n, ...): images, rows of numbers, or texts
    labels: NDArray[np.int64]  # (n,), -1 where unknown
    names: NDArray[Any]  # (n,), what tells a user which sample it is
    is_test: NDArray[np.bool_] | None  # (n,), the official test part, if there is one
    fit: Callable[[Any], Preparation]  # takes the raw samples to fit on
    licence: str
    image_shape: tuple[int, int] | None = None
    dropped: Mapping[str, int] = {}  # samples left out, by reason
    notes: Sequence[str] = ()  # what a user should know of what is not among the samples
    shown: Sequence[str] | None = None  # (n,), texts or paths of images behind vectors
    classes: Sequence[str] = ()  # what each number of a label stands for, if not for itself
    must_link: NDArray[np.int64] = np.empty((0, 2), dtype=np.int64)  # rows that belong together
    cannot_link: NDArray[np.int64] = np.empty((0, 2), dtype=np.int64)  # or apart
