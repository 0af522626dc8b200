"""What can be chosen without labels: the number of clusters, and which run to trust."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.metrics import normalized_mutual_info_score


def normalised_cut(graph: csr_array, clusters: NDArray[np.integer]) -> float:
    """Sum, over the clusters, the part of each one's edge weight that leaves it.

    This is what spectral clustering minimises with the constraint relaxed that each point
    belongs to one cluster; so clusterings of one graph into the same number of clusters can
    be compared by it, without labels.

    Parameters
    ----------
    graph : csr_array of shape (n, n)
        Symmetric affinities.
    clusters : int ndarray of shape (n,)
        From 0.

    Returns
    -------
    float
        From 0, no edge between clusters, to the number of clusters.

    References
    ----------
    Shi and Malik, Normalized cuts and image segmentation, IEEE TPAMI, 2000.
    """
    edges = graph.tocoo()
    leaves = clusters[edges.row] != clusters[edges.col]
    volume = np.bincount(clusters[edges.row], weights=edges.data)
    cut = np.bincount(clusters[edges.row], weights=edges.data * leaves, minlength=len(volume))
    return float(np.sum(cut[volume > 0] / volume[volume > 0]))


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


def mean_agreement(clusterings: list[NDArray[np.integer]]) -> NDArray[np.float64]:
    """Measure how well each of several clusterings of the same points agrees with the others.

    Parameters
    ----------
    clusterings : list of ndarray of shape (n,)
        At least two, of one setting under different seeds.

    Returns
    -------
    ndarray of shape (len(clusterings),)
        The mean NMI of each with the others: a cluster that one seed alone finds is an
        accident of that seed.
    """
    m = len(clusterings)
    nmi = np.ones((m, m))
    for i in range(m):
        for j in range(i):
            nmi[i, j] = nmi[j, i] = normalized_mutual_info_score(clusterings[i], clusterings[j])
    return (nmi.sum(axis=1) - 1) / (m - 1)
