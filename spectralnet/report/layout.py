"""Points laid out in the plane, to be looked at."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.manifold import TSNE
from sklearn.neighbors import KNeighborsRegressor

from spectralnet.matrices import blocks

LANDMARKS = 1500
ROWS_AT_ONCE = 2**17
NEIGHBOURS = 10
FEWEST = 4  # points for t-SNE; fewer stand in a row


def lay_out(
    places: NDArray[np.floating], clusters: NDArray[np.integer], seed: int
) -> NDArray[np.float32]:
    """Lay points out in the plane: landmarks by t-SNE, each other point among those near it.

    With more than a few clusters the first two principal axes pile most of them up, and t-SNE of
    all points takes minutes for 70,000. Landmarks come from all clusters, as evenly as their
    sizes allow, so that a small one is not laid among others.

    Parameters
    ----------
    places : ndarray of shape (n, c)
        Where the points lie among the centroids. Up to `LANDMARKS` points are all landmarks.
    clusters : int ndarray of shape (n,)
    seed : int

    Returns
    -------
    ndarray of shape (n, 2), float32
        A point that is no landmark lies at the mean of the `NEIGHBOURS` nearest that are, weighted
        by 1 / distance. Neighbours stay together; distances between islands mean nothing.

    References
    ----------
    van der Maaten and Hinton, Visualizing data using t-SNE, JMLR 2008; Poličar, Stražar and
    Zupan, Embedding to reference t-SNE space, Machine Learning 2023, on points that come later.
    """
    order = np.random.default_rng(seed).permutation(len(places))
    turn = pd.Series(clusters[order]).groupby(clusters[order]).cumcount().to_numpy()
    landmarks = order[np.argsort(turn, kind="stable")[:LANDMARKS]]
    if len(places) < FEWEST:
        return np.stack([np.arange(len(places)), np.zeros(len(places))], axis=1, dtype=np.float32)
    perplexity = min(30, (len(landmarks) - 1) / 3)
    tsne = TSNE(perplexity=perplexity, max_iter=500, init="random", random_state=seed)
    flat = tsne.fit_transform(places[landmarks])  # (m, 2)
    laid = np.empty((len(places), 2), dtype=np.float32)
    if len(landmarks) == len(places):
        laid[landmarks] = flat
        return laid
    nearest = KNeighborsRegressor(min(NEIGHBOURS, len(landmarks)), weights="distance")
    nearest.fit(places[landmarks], flat)
    for rows in blocks(len(places), ROWS_AT_ONCE):
        laid[rows] = nearest.predict(places[rows])
    return laid
