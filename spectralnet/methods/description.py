"""What each cluster is: its size, samples of it, what tells it from the rest, its neighbours."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse
from scipy.spatial.distance import cdist

from spectralnet.clusters.noise import NOISE
from spectralnet.data.texts import Tfidf
from spectralnet.matrices import Matrix

N_SAMPLES, N_FEATURES, N_NEIGHBOURS = 12, 10, 3
N_TERMS = 2000  # of texts
LEAST_CONFUSED = 0.005  # of a neighbour that is shown, as .01
Clusters = NDArray[np.int64]


def describe_clusters(
    clusters: Clusters,
    places: NDArray[np.floating],
    centroids: NDArray[np.floating],
    effects: pd.DataFrame | None = None,
    n_samples: int = N_SAMPLES,
) -> pd.DataFrame:
    """Describe each cluster.

    Parameters
    ----------
    clusters : int ndarray of shape (n,)
        -1 is noise, which is described by the centroids nearest to its points.
    places : ndarray of shape (n, c)
        Of the points among the centroids.
    centroids : ndarray of shape (n_clusters, c)
    effects : DataFrame of shape (number of clusters found, d), optional
        How far each feature tells each cluster from the rest: `column_effects`, `class_tfidf`.
    n_samples : int, default=12
        The most that are named of a kind.

    Returns
    -------
    DataFrame
        A row for each cluster that has points, its number in the index:

        * `size`: number of points;
        * `silhouette`: mean simplified silhouette of its points, (b - a) / max(a, b), a the
          distance to the own centroid and b to the nearest other: 1 is far from all others,
          0 on the border;
        * `nearest`, `typical`, `border`: indices of points nearest to the centroid, of points
          about as far from it as half of the cluster is, and of those with the least silhouette;
        * `features`: pairs of a name and its effect, the largest first, at most ten;
        * `neighbours`: pairs of a cluster that it could be confused with and of how much,
          the largest first, at most three: the sum of 1 - silhouette over the points whose
          nearest other centroid is that one, divided by `size`.

    References
    ----------
    Vendramin, Campello and Hruschka, Relative clustering validity criteria, Statistical Analysis
    and Data Mining, 2010: the simplified silhouette.
    """
    own, silhouette, rivals = _silhouettes(clusters, cdist(places, centroids))
    rows = {}
    for cluster in np.unique(clusters):
        members = np.flatnonzero(clusters == cluster)
        distance, worth = own[members], silhouette[members]
        from_median = np.abs(distance - np.median(distance))
        orders = {
            "nearest": np.argsort(distance, kind="stable"),
            "typical": np.argsort(from_median, kind="stable"),
            "border": np.lexsort((-distance, worth)),
        }
        confused = np.bincount(rivals[members], weights=1 - worth, minlength=len(centroids))
        rows[int(cluster)] = {
            "size": len(members),
            "silhouette": float(worth.mean()),
            **{kind: members[order[:n_samples]].tolist() for kind, order in orders.items()},
            "features": [] if effects is None else _largest(effects.loc[cluster], N_FEATURES),
            "neighbours": _largest(pd.Series(confused / len(members)), N_NEIGHBOURS),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("cluster")


def _silhouettes(
    clusters: Clusters, distances: NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.int64]]:
    """Return distances to the own centroids, silhouettes, and the nearest others: (n,) each.

    A noise point has the nearest centroid for its own. `distances` has shape (n, k).
    """
    rows = np.arange(len(clusters))
    homes = np.where(clusters == NOISE, distances.argmin(axis=1), clusters)
    own, others = distances[rows, homes], distances.copy()
    others[rows, homes] = np.inf
    rivals = others.argmin(axis=1)
    other = others[rows, rivals]
    if distances.shape[1] == 1:  # there is no other centroid
        return own, np.ones(len(rows)), rivals
    largest = np.maximum(own, other)
    return own, (other - own) / np.where(largest > 0, largest, 1), rivals


def _largest(values: pd.Series, most: int) -> list[tuple[str, float]]:
    """Pair the names and values that are largest by amount, zeros left out."""
    order = np.argsort(-values.abs().to_numpy(), kind="stable")[:most]
    return [(values.index[i], float(values.iloc[i])) for i in order if values.iloc[i] != 0]


def column_effects(
    x: Matrix, clusters: Clusters, names: Sequence[str] | None = None
) -> pd.DataFrame:
    """Measure by how much columns differ inside each cluster from outside, in deviations.

    Parameters
    ----------
    x : ndarray or csr_array of shape (n, d)
        In any units: neither shift nor scale of a column counts.
    clusters : int ndarray of shape (n,)
    names : sequence of str, optional
        Of the columns; by default their numbers from 0.

    Returns
    -------
    DataFrame of shape (number of clusters, d)
        Standardised mean differences, Cohen's d: the mean inside minus the mean outside, divided
        by the pooled standard deviation. Where a column is constant on both sides, that is a
        millionth of its deviation, which rounding may leave, and the effect some millions; 0
        where it is one constant, or nothing is outside.

    References
    ----------
    Cohen, Statistical power analysis for the behavioral sciences, 1988, section 2.5.
    """
    found, inside = _members(clusters)
    x = x.astype(np.float64)
    x = x if issparse(x) else x - x.mean(axis=0)  # else squares of columns far from 0 lose digits
    n_in = inside.sum(axis=1)[:, None]  # (k, 1)
    n_out = len(clusters) - n_in
    sums, squares = _dense(inside @ x), _dense(inside @ (x * x))  # (k, d)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_in, mean_out = sums / n_in, (sums.sum(axis=0) - sums) / n_out
        around = squares.sum(axis=0) - n_in * mean_in**2 - n_out * mean_out**2
        around = np.maximum(around, 1e-12 * squares.sum(axis=0))
        effects = (mean_in - mean_out) / np.sqrt(around / (len(clusters) - 2))
    columns = [str(i) for i in range(x.shape[1])] if names is None else list(names)
    return pd.DataFrame(np.where(np.isnan(effects), 0, effects), found, columns)


def class_tfidf(terms: Matrix, clusters: Clusters, vocabulary: Sequence[str]) -> pd.DataFrame:
    """Weigh terms by how often they are in the texts of a cluster, and how rarely elsewhere.

    Parameters
    ----------
    terms : csr_array or ndarray of shape (n, d)
        Of n texts; what is not 0 is a term that a text holds.
    clusters : int ndarray of shape (n,)
    vocabulary : sequence of str, of length d

    Returns
    -------
    DataFrame of shape (number of clusters, d)
        tf log(1 + A / f): tf is the part of a term in all terms of the cluster's texts, f how
        many texts hold it, A the mean number of terms of a cluster. A text counts a term once.

    References
    ----------
    Grootendorst, BERTopic, arXiv 2203.05794, equation 2.
    """
    found, inside = _members(clusters)
    counts = _dense(inside @ csr_array(terms).astype(bool).astype(np.float64))  # (k, d)
    total, frequency = counts.sum(axis=1, keepdims=True), counts.sum(axis=0)
    tf = counts / np.maximum(total, 1)
    weights = tf * np.log1p(total.mean() / np.maximum(frequency, 1))
    return pd.DataFrame(weights, found, list(vocabulary))


def text_effects(texts: Sequence[str], clusters: Clusters) -> pd.DataFrame:
    """Return `class_tfidf` of the most frequent terms of n texts, stems or groups of letters."""
    prepared = Tfidf.fit(texts, N_TERMS)
    return class_tfidf(prepared.transform(texts), clusters, prepared.vocabulary)


def _members(clusters: Clusters) -> tuple[Clusters, csr_array]:
    """Return the clusters that have points, and a matrix (k, n) of 1 where a point is in one."""
    found, codes = np.unique(clusters, return_inverse=True)
    n = len(clusters)
    return found, csr_array((np.ones(n), (codes, np.arange(n))), shape=(len(found), n))


def _dense(x: Matrix) -> NDArray[np.float64]:
    return x.toarray() if isinstance(x, csr_array) else np.asarray(x, dtype=np.float64)
