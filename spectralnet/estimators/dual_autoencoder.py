"""The Dual Autoencoder Network as a scikit-learn estimator, for use without the pipeline."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from spectralnet.checks import image_size
from spectralnet.clusters.kmeans import Assignment
from spectralnet.config.defaults import default_dual_autoencoder
from spectralnet.config.limits import graph_settings
from spectralnet.config.settings import Settings
from spectralnet.errors import ParameterError
from spectralnet.estimators.base import Changes
from spectralnet.estimators.nested import NestedClusterer
from spectralnet.matrices import Matrix
from spectralnet.membership.n_clusters import NClusters
from spectralnet.membership.part import Noise
from spectralnet.methods.dual_autoencoder.net import DualAutoencoderParams
from spectralnet.methods.dual_autoencoder.training import train_dual_autoencoder_network
from spectralnet.methods.model import ClusterModel


class DualAutoencoder(NestedClusterer):
    """Deep spectral clustering on codes that noise does not disturb and that inform of points.

    Parameters
    ----------
    n_clusters : int, "auto" or (int, int), default=8
        How many, or how to choose: "auto" takes the largest number, up to 30, at which points
        keep their clusters when these are found again on halves of them; a pair is the lowest and
        the highest number to choose among.
    image_shape : (int, int), default=None
        Height and width, if rows are images of one channel: for an encoder of convolutions.
        Pixels should be scaled to 0 ... 1.
    n_components : int, default=None
        Eigenvectors, the constant one included; by default up to `n_clusters` + 6. Clusters
        are read off all of them, weighted by their eigenvalues, or off the first `n_clusters`
        where a plain gap follows these.
    n_neighbors : int, default=20
        Of each point in the graph, itself not counted; n - 1 where there are fewer.
    autoencoder : dict, default=None
        Settings of the dual autoencoder and of the joint fine-tuning to change, such as
        ``{"epochs": 60, "joint": {"epochs": 9}}``, by the names of
        `spectralnet.methods.dual_autoencoder.net.DualAutoencoderParams`.
        The defaults are `spectralnet.config.defaults.default_dual_autoencoder`.
    graph, spectralnet : dict, default=None
        Settings to change, by their names in ``params.yaml``; ``landmarks`` is none of them.
    noise : {"auto"}, float or None, default=None
        What is noise, and gets the cluster -1: points far from all others ("auto"), that part of
        the fitted points that is farthest, or nothing.
    random_state : int, RandomState or None, default=None
        An int gives the same result each time on one machine's CPU.
    device : {"auto", "cpu", "cuda", "cuda:1", "mps", ...}, default="auto"
    verbose : bool, default=False
        Show progress bars, on terminals.
    n_neighbours : int, default=None
        The former name of `n_neighbors`.

    Attributes
    ----------
    labels_ : ndarray of shape (n,)
        Clusters of the fitted points, int64; -1 for noise.
    outlier_scores_ : ndarray of shape (n,)
        Of the fitted points: see `outlier_score`.
    embedding_ : ndarray of shape (n, n_components)
        Spectral embedding of the fitted points, float32.
    cluster_centers_ : ndarray of shape (n_clusters, number of eigenvectors used)
        See `spectralnet.clusters.kmeans.fit_spectral_centroids`.
    n_clusters_ : int
    linkage_ : ndarray of shape (m - 1, 4)
        Of m groups, of which the clusters are made: see `cut`.
    model_ : ClusterModel
    history_ : dict of str to DataFrame
        The learning curve of each training; not saved.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (d,)
        Where the input had column names.

    References
    ----------
    Yang et al., Deep spectral clustering using Dual Autoencoder Network, CVPR 2019.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from spectralnet import DualAutoencoder
    >>> X = load_digits().data / 16
    >>> model = DualAutoencoder(n_clusters=10, image_shape=(8, 8), random_state=0)
    >>> clusters = model.fit_predict(X)
    """

    _model = ClusterModel

    def __init__(
        self,
        n_clusters: NClusters = 8,
        *,
        image_shape: Sequence[int] | None = None,
        n_components: int | None = None,
        n_neighbors: int = 20,
        autoencoder: Changes = None,
        graph: Changes = None,
        spectralnet: Changes = None,
        noise: Noise = None,
        random_state: int | np.random.RandomState | None = None,
        device: str = "auto",
        verbose: bool = False,
        n_neighbours: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.image_shape = image_shape
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.autoencoder = autoencoder
        self.graph = graph
        self.spectralnet = spectralnet
        self.noise = noise
        self.random_state = random_state
        self.device = device
        self.verbose = verbose
        self.n_neighbours = n_neighbours

    def _fit(self, x: Matrix, seed: int, device: torch.device) -> tuple[ClusterModel, Assignment]:
        params, settings = self._settings(x)
        result, history = train_dual_autoencoder_network(
            x,
            image_size(self.image_shape, x.shape[1]),
            self._candidates,
            params,
            settings.graph,
            settings.spectralnet,
            seed=seed,
            device=device,
        )
        self.history_: dict[str, pd.DataFrame] = {
            str(phase): curve.drop(columns="phase")
            for phase, curve in history.groupby("phase", sort=False)
        }
        return result.model, result.assigned

    def _settings(self, x: Matrix) -> tuple[DualAutoencoderParams, Settings]:
        """Check the parameters against each other and the points, before any training."""
        n, d = x.shape
        image_size(self.image_shape, d)
        changes = {"graph": self.graph, "spectralnet": self.spectralnet}
        settings = graph_settings(
            x, self._most_clusters, self._n_neighbors(), self.n_components, changes
        )
        if (landmarks := settings.spectralnet.landmarks) not in (0, "auto"):
            raise ParameterError(
                f"spectralnet.landmarks = {landmarks}: codes move in the joint training, and "
                "landmarks would not: leave them out"
            )
        n_components = settings.spectralnet.n_components
        images = self.image_shape is not None
        return default_dual_autoencoder(n, n_components, images, self.autoencoder), settings
