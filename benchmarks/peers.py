"""The methods of `benchmarks.defaults`, each as its makers set it, and told the true k.

What a method's name does not say: UMAP as its documentation advises for clustering (30
neighbours, no minimal distance, 10 components), HDBSCAN after it with min_cluster_size=30,
principal components where a method would suffer from more than 50 columns.

This module is also run where only the official package is installed, and imports the rest late.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.cluster import HDBSCAN, AgglomerativeClustering, KMeans, SpectralClustering
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

N_COMPONENTS = 50  # principal ones, of wider points

Labels = NDArray[np.integer]
Cluster = Callable[[Any], Labels]  # takes points, dense or sparse


class Task(NamedTuple):
    """What a method is told."""

    k: int
    seed: int
    image_shape: tuple[int, int] | None


class Method(NamedTuple):
    """How a method is made.

    Attributes
    ----------
    make : callable
        Imports what it needs; what it returns is timed.
    package : str, optional
        Whose version is noted; of this project, the commit is.
    seeded : bool
        Whether it depends on the seed.
    """

    make: Callable[[Task], Cluster]
    package: str | None = "scikit-learn"
    seeded: bool = True


def _dense(x: Any) -> Any:
    return x.toarray() if issparse(x) else x


def _narrow(x: Any, task: Task) -> Any:
    if x.shape[1] <= N_COMPONENTS:
        return _dense(x)
    return PCA(N_COMPONENTS, random_state=task.seed).fit_transform(_dense(x))


def _kmeans(task: Task) -> Cluster:
    return KMeans(task.k, n_init=10, random_state=task.seed).fit_predict


def _ward(task: Task) -> Cluster:
    fixed = task._replace(seed=0)
    return lambda x: AgglomerativeClustering(task.k).fit_predict(_narrow(x, fixed))


def _mixture(task: Task) -> Cluster:
    model = GaussianMixture(task.k, random_state=task.seed)
    return lambda x: model.fit_predict(_narrow(x, task))


def _hdbscan(task: Task) -> Cluster:
    fixed = task._replace(seed=0)
    return lambda x: HDBSCAN(copy=True).fit_predict(_narrow(x, fixed))


def _spectral(task: Task, assign: str) -> Cluster:
    return SpectralClustering(
        task.k,
        affinity="nearest_neighbors",
        n_neighbors=20,
        assign_labels=assign,
        random_state=task.seed,
    ).fit_predict


def _umap(task: Task, then: Any) -> Cluster:
    from umap import UMAP

    def cluster(x: Any) -> Labels:
        reduce = UMAP(
            n_neighbors=30,
            min_dist=0,
            n_components=min(10, x.shape[1]),
            random_state=task.seed,
        )
        return then.fit_predict(reduce.fit_transform(x))

    return cluster


def _evoc(task: Task) -> Cluster:
    from evoc import EVoC

    return lambda x: EVoC(random_state=task.seed).fit_predict(_dense(x))


def _dec(task: Task) -> Cluster:
    from spectralnet import DEC

    return DEC(task.k, random_state=task.seed).fit_predict


def _official(task: Task) -> Cluster:
    """Make the official package's: its last layer has to be told k too, or it refuses."""
    import importlib

    import torch

    official: Any = importlib.import_module("spectralnet")  # not this project's
    if not hasattr(official, "SpectralReduction"):
        raise ImportError("this is not the official package")
    torch.manual_seed(task.seed)
    np.random.seed(task.seed)  # noqa: NPY002, of its k-means

    def cluster(x: Any) -> Labels:
        points = torch.from_numpy(_dense(x))
        model = official.SpectralNet(task.k, spectral_hiddens=[1024, 1024, 512, task.k])
        model.fit(points)
        return model.predict(points)

    return cluster


def _ours(task: Task) -> Cluster:
    from spectralnet import SpectralNet

    model = SpectralNet(task.k, image_shape=task.image_shape, random_state=task.seed)
    return model.fit_predict


OURS, OFFICIAL = "SpectralNet", "official package"
METHODS: dict[str, Method] = {
    OURS: Method(_ours, None),
    "k-means": Method(_kmeans),
    "Ward": Method(_ward, seeded=False),
    "mixture": Method(_mixture),
    "HDBSCAN": Method(_hdbscan, seeded=False),
    "spectral, k-means": Method(lambda task: _spectral(task, "kmeans")),
    "spectral, QR": Method(lambda task: _spectral(task, "cluster_qr")),
    "UMAP + HDBSCAN": Method(
        lambda task: _umap(task, HDBSCAN(min_cluster_size=30, copy=True)), "umap-learn"
    ),
    "UMAP + mixture": Method(
        lambda task: _umap(task, GaussianMixture(task.k, random_state=task.seed)), "umap-learn"
    ),
    "EVoC": Method(_evoc, "evoc"),
    "DEC": Method(_dec, None),
    OFFICIAL: Method(_official, "spectralnet"),
}
