"""Scores of a clustering against labels."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

from spectralnet.clusters.noise import NOISE


def matched_confusion(
    labels: NDArray[np.integer], clusters: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.integer], NDArray[np.integer]]:
    """Count points by class and cluster, with clusters in the order of their best match.

    Parameters
    ----------
    labels, clusters : ndarray of shape (n,)
        Any integers; there may be more clusters than classes, or fewer.

    Returns
    -------
    counts : ndarray of shape (n_classes, n_clusters)
        The sum over the diagonal is the largest that a one-to-one match reaches.
    classes : ndarray of shape (n_classes,)
        The label of each row.
    order : ndarray of shape (n_clusters,)
        The cluster of each column.
    """
    classes, names = np.unique(labels), np.unique(clusters)
    counts = contingency_matrix(labels, clusters)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    row_order = np.concatenate([rows, np.setdiff1d(np.arange(len(classes)), rows)])
    column_order = np.concatenate([columns, np.setdiff1d(np.arange(len(names)), columns)])
    counts = counts[np.ix_(row_order, column_order)].astype(np.int64)
    return counts, classes[row_order], names[column_order]


def accuracy(labels: NDArray[np.integer], clusters: NDArray[np.integer]) -> float:
    """Return ACC: the part of the points that the best one-to-one match gets right."""
    return float(np.trace(matched_confusion(labels, clusters)[0]) / len(labels))


def scores(labels: NDArray[np.integer], clusters: NDArray[np.integer]) -> dict[str, float]:
    """Score clusters against labels.

    Parameters
    ----------
    labels, clusters : ndarray of shape (n,)

    Returns
    -------
    dict
        `acc`; `nmi`, normalised by the arithmetic mean of the entropies (scikit-learn's
        default); `nmi_max`, by their maximum (the paper's); `ari`.
    """
    return {
        "acc": accuracy(labels, clusters),
        "nmi": float(normalized_mutual_info_score(labels, clusters)),
        "nmi_max": float(normalized_mutual_info_score(labels, clusters, average_method="max")),
        "ari": float(adjusted_rand_score(labels, clusters)),
    }


def score_clusterings(
    clusterings: Mapping[str, NDArray[np.integer]],
    labels: NDArray[np.integer],
    told: NDArray[np.bool_] | None = None,
) -> dict[str, float]:
    """Score several clusterings of the same points, on those that have a label.

    Parameters
    ----------
    clusterings : dict of str to ndarray of shape (n,)
        By the prefix of their scores' names. What one of them takes for noise is left out of all,
        so that they are scored on the same points.
    labels : ndarray of shape (n,)
        -1 where there is none.
    told : bool ndarray of shape (n,), optional
        Points whose labels, or pairs, the clustering was told: what was told is no achievement,
        so they are left out.

    Returns
    -------
    dict of str to float
        ``<prefix>acc``, ``<prefix>nmi``, ``<prefix>nmi_max`` and ``<prefix>ari``; empty
        where no point is left.
    """
    scored = labels >= 0 if told is None else (labels >= 0) & ~told
    for clusters in clusterings.values():
        scored = scored & (clusters != NOISE)
    if not scored.any():
        return {}
    return {
        prefix + name: score
        for prefix, clusters in clusterings.items()
        for name, score in scores(labels[scored], clusters[scored]).items()
    }
