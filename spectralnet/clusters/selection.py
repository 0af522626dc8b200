"""What can be chosen without labels: weights of eigenvectors, the number of clusters, a run."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectralnet.clusters.noise import NOISE
from spectralnet.matrices import row_blocks

PLAIN_GAP = 0.5  # in parts of the next eigenvalue
ZERO = 1e-8  # an eigenvalue below is that of a piece of its own


def modularity(graph: csr_array, clusters: NDArray[np.integer]) -> float:
    """Measure how much more weight lies inside clusters than chance would put there.

    Unlike the normalised cut, which spectral clustering itself pursues, it does not gain by
    splitting off a few points, and unlike the eigenvalues it sees the clusters: clusterings of
    one graph can be compared by it. It prefers clusters of equal size.

    Parameters
    ----------
    graph : csr_array of shape (n, n)
        Symmetric affinities.
    clusters : int ndarray of shape (n,)
        From 0; noise, -1, is left out with its edges.

    Returns
    -------
    float
        Below 1; 0 for a single cluster, and where no edge is left.

    References
    ----------
    Newman, Analysis of weighted networks, Physical Review E, 2004.
    """
    m = int(clusters.max()) + 1
    inside, volume = 0.0, np.zeros(m)
    for rows in row_blocks(graph):
        part = graph[rows]
        first, second = np.repeat(clusters[rows], np.diff(part.indptr)), clusters[part.indices]
        kept = (first != NOISE) & (second != NOISE)
        first, second, weights = first[kept], second[kept], part.data[kept]
        inside += weights[first == second].sum(dtype=np.float64)
        volume += np.bincount(first, weights, m)
    total = volume.sum()
    return float(inside / total - np.sum((volume / total) ** 2)) if total > 0 else 0.0


def eigenvector_weights(eigenvalues: NDArray[np.floating], n_clusters: int) -> NDArray[np.float64]:
    """Say how much each of the first eigenvectors counts when clusters are read off.

    A graph that all but falls into `n_clusters` pieces has as many eigenvalues near 0, below a
    plain gap, and as many eigenvectors tell the pieces apart, be they large or small: those
    count alone (`PLAIN_GAP`). Without such a gap two clusters may share an eigenvector while
    another is split, and a further one tells them apart; which, differs between graphs and
    seeds. Then all count, by 1 / (1 + lambda_i / lambda), lambda the eigenvalue after
    `n_clusters`: a smooth filter, that of the regularised Laplacian, where a choice of their
    number would change clusters by leaps.

    Parameters
    ----------
    eigenvalues : ndarray of shape (c,)
        Ascending, of a Laplacian.
    n_clusters : int

    Returns
    -------
    ndarray of shape (number of eigenvectors that count,)
        `n_clusters` or c; in (0, 1].

    References
    ----------
    von Luxburg, A tutorial on spectral clustering, Statistics and Computing, 2007, section 7,
    on gaps; Smola and Kondor, Kernels and regularization on graphs, COLT 2003, on filters.
    """
    if n_clusters >= len(eigenvalues):
        return np.ones(len(eigenvalues))
    values = np.where(eigenvalues < ZERO, 0, eigenvalues)  # of pieces, rounded
    if relative_gap(values, n_clusters) >= PLAIN_GAP:
        return np.ones(n_clusters)
    return 1 / (1 + values / max(values[n_clusters], ZERO))


def suggest_n_clusters(eigenvalues: NDArray[np.floating]) -> int:
    """Suggest a number of clusters: as many as eigenvalues stand before the largest gap.

    With k clusters that are no edges apart there are k eigenvalues 0; few edges between
    them lift those a little. At least 2 are suggested.

    Parameters
    ----------
    eigenvalues : ndarray of shape (c,)
        At least three, ascending.

    Returns
    -------
    int
        From 2 to c - 1.

    References
    ----------
    von Luxburg, A tutorial on spectral clustering, Statistics and Computing, 2007, 8.3.
    """
    return int(np.argmax(np.diff(eigenvalues)[1:])) + 2


def relative_gap(eigenvalues: NDArray[np.floating], k: int) -> float:
    """Measure how far the k-th eigenvalue lies below the next, in parts of the next.

    Unlike the plain difference it can be compared between graphs.

    Parameters
    ----------
    eigenvalues : ndarray of shape (c,)
        Ascending, 0 or more.
    k : int
        Below c.

    Returns
    -------
    float
        From 0, no gap, to 1, where the k-th eigenvalue is 0.
    """
    lower, upper = eigenvalues[k - 1], eigenvalues[k]
    return float((upper - max(lower, 0)) / upper) if upper > 0 else 0.0
