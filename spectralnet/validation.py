"""Checks that come before any long work."""

import numpy as np
from numpy.typing import NDArray

from spectralnet.config import Settings
from spectralnet.errors import DataError, ParameterError


def check_features(features: NDArray[np.floating], name: str) -> None:
    """Refuse features that are not a finite matrix.

    Parameters
    ----------
    features : ndarray of shape (n, d)
    name : str
        What the message calls them.

    Raises
    ------
    DataError
        If `features` has another shape, no rows or columns, or a value that is NaN or
        infinite: the first such row and column are named.
    """
    if features.ndim != 2 or 0 in features.shape:
        raise DataError(f"{name} has shape {features.shape}: (n, d) with n, d >= 1 is needed")
    finite = np.isfinite(features)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise DataError(
            f"{name} holds {np.count_nonzero(~finite)} values that are NaN or infinite, the first "
            f"({features[row, column]}) in row {row}, column {column}: remove or impute them"
        )


def check_sizes(n: int, settings: Settings) -> None:
    """Refuse parameters that ask for more than `n` points can give.

    Parameters
    ----------
    n : int
        Number of points to fit.
    settings : Settings

    Raises
    ------
    ParameterError
        If there are too few points for the neighbours, clusters or components.
    """
    limits = {
        "graph.n_neighbours": (settings.graph.n_neighbours, n - 1),
        "n_clusters": (settings.n_clusters, n),
        "spectralnet.n_components": (settings.spectralnet.n_components, n - 1),
    }
    for name, (value, most) in limits.items():
        if value > most:
            raise ParameterError(
                f"{name} = {value} is too many for {n} points: at most {most}, or fit more points "
                "(`limit`)"
            )
