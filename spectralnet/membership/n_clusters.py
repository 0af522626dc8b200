"""How many clusters there are, told without labels: as many as last when a fit is repeated."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectralnet.checks import check_count, count_distinct
from spectralnet.errors import ParameterError, TrainingError
from spectralnet.matrices import Matrix
from spectralnet.membership.calibration import matched
from spectralnet.membership.stability import extended_clusters, extended_eigenvectors, halves
from spectralnet.spectral.training import SURPLUS, candidate_components

NClusters = int | Literal["auto"] | Sequence[int]
LASTING = 0.9  # of the points of a cluster, on average
FEWEST, MOST = 2, 30
POINTS_A_CLUSTER = 10
SAMPLE = 2000  # rows of a half that centroids are fitted to
FEW_RESTARTS = 3  # of k-means, for each number
CHOICE_WORK = 1e11  # multiply-adds of the eigenvectors of a half, some minutes


def candidates(n_clusters: NClusters, x: Matrix) -> int | tuple[int, int]:
    """Return a number of clusters, or the lowest and the highest to choose among.

    Parameters
    ----------
    n_clusters : int, "auto" or (int, int)
    x : ndarray or csr_array of shape (n, d)

    Raises
    ------
    ParameterError
        If it is none of these.
    """
    if isinstance(n_clusters, str) and n_clusters == "auto":
        most = min(MOST, x.shape[0] // POINTS_A_CLUSTER)
        return FEWEST, max(FEWEST, count_distinct(x, max(most, FEWEST + 1)) - 1)
    numbers = told_numbers(n_clusters)
    return (numbers[0], numbers[1]) if isinstance(numbers, list) else numbers


def told_numbers(n_clusters: Any) -> int | list[int]:
    """Return a number of clusters, or the lowest and the highest: a `ParameterError` if neither."""
    if isinstance(n_clusters, str):
        raise ParameterError(
            f"n_clusters = {n_clusters!r}: give a whole number, auto, or the lowest and the "
            "highest to choose among"
        )
    if not isinstance(n_clusters, Sequence):
        check_count("n_clusters", n_clusters)
        return int(n_clusters)
    for number in n_clusters:
        check_count("n_clusters", number)
    numbers = [int(number) for number in n_clusters]
    if len(numbers) != 2 or not FEWEST <= numbers[0] <= numbers[1]:
        raise ParameterError(
            f"n_clusters = {n_clusters!r}: give a number, auto, or the lowest and the highest to "
            f"choose among, from {FEWEST} on"
        )
    return numbers


def enough_for(n_labels: int, numbers: int | tuple[int, int]) -> int | tuple[int, int]:
    """Return a number of clusters, or the lowest and the highest, that leaves room for labels.

    A range is cut to the numbers that are not below that of the different labels that are known.

    Raises
    ------
    ParameterError
        If there are more labels than clusters.
    """
    most = numbers[1] if isinstance(numbers, tuple) else numbers
    if n_labels > most:
        raise ParameterError(
            f"{n_labels} different labels are known, but n_clusters = {most}: ask for as many "
            "clusters, or tell fewer labels"
        )
    return (max(numbers[0], n_labels), most) if isinstance(numbers, tuple) else numbers


def choose_n_clusters(
    graph: csr_array, lowest: int, highest: int, normalised: bool, seed: int
) -> tuple[int, NDArray[np.float64]]:
    """Choose the largest number of clusters at which points keep their cluster.

    The points are split in halves; exact eigenvectors of the graph in each half, extended to the
    other, give two clusterings of all points for every number. The largest is taken at which, in
    the mean of the clusters, a part `LASTING` of their points is in the same cluster of both; or
    the one at which most are. Each cluster counts alike, else among many a false one would hardly
    tell.

    Parameters
    ----------
    graph : csr_array of shape (n, n)
    lowest, highest : int
    normalised : bool
        See `spectralnet.spectral.exact.exact_eigenvectors`.
    seed : int

    Returns
    -------
    n_clusters : int
    kept : ndarray of shape (highest - lowest + 1,)
        The part of their points that clusters keep, for each number; 0 where a half has too few
        different places.

    Raises
    ------
    ParameterError
        If no two halves can be clustered.

    References
    ----------
    Tibshirani and Walther, Cluster validation by prediction strength, Journal of Computational
    and Graphical Statistics, 2005, who ask it of the worst cluster; Lange et al., Stability-based
    validation of clustering solutions, Neural Computation, 2004.
    """
    numbers, n_components = range(lowest, highest + 1), candidate_components(highest)
    rows = list(halves(graph.shape[0], seed))
    kept, told = np.zeros(len(numbers)), 0
    for two in zip(rows[::2], rows[1::2], strict=True):
        try:
            fits = [
                extended_eigenvectors(graph, half, n_components, normalised, seed, CHOICE_WORK)
                for half in two
            ]
        except TrainingError:
            continue
        reached = fits[0].reached & fits[1].reached
        if not reached.any():
            continue
        told += 1
        for i, k in enumerate(numbers):
            one, other = (
                extended_clusters(
                    fit._replace(values=fit.values[: k + SURPLUS]),
                    half,
                    k,
                    seed,
                    least=k,
                    most=SAMPLE,
                    restarts=FEW_RESTARTS,
                )[reached]
                for fit, half in zip(fits, two, strict=True)
            )
            if min(one[0], other[0]) < 0:
                continue
            same = matched(one, other, k) == one
            sizes = np.bincount(one)
            kept[i] += np.mean(np.bincount(one, same)[sizes > 0] / sizes[sizes > 0])
    if not kept.any():
        raise ParameterError(
            f"n_clusters cannot be chosen from {lowest} to {highest}: halves of the graph of "
            f"{graph.shape[0]:,} points are too small, or too large, to be clustered, or fall into "
            "small pieces. Give a number, or raise n_neighbors"
        )
    kept /= told
    lasting = np.flatnonzero(kept >= LASTING)
    return numbers[int(lasting[-1]) if lasting.size else int(kept.argmax())], kept
