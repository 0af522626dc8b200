"""DEC as a scikit-learn estimator, for use without the pipeline."""

import numpy as np
import pandas as pd
import torch

from spectralnet.clusters.kmeans import Assignment
from spectralnet.config.defaults import default_dec
from spectralnet.estimators.base import Changes, DeepClusterer
from spectralnet.matrices import Matrix
from spectralnet.membership.part import Noise
from spectralnet.methods.dec.model import DECModel
from spectralnet.methods.dec.stacked import train_stacked
from spectralnet.methods.dec.training import train_dec


class DEC(DeepClusterer):
    """Deep embedded clustering: codes of an autoencoder that move towards their centroids.

    Parameters
    ----------
    n_clusters : int, default=8
    stacked, dec : dict, default=None
        Settings to change, by their names in ``params.yaml``: ``dec={"epochs": 20}``.
        The defaults are `spectralnet.config.defaults.default_dec`.
    noise : {"auto"}, float or None, default=None
        What is noise, and gets the cluster -1: points far from all others ("auto"), that part of
        the fitted points that is farthest, or nothing.
    random_state : int, RandomState or None, default=None
        An int gives the same result each time on one machine's CPU.
    device : {"auto", "cpu", "cuda", "cuda:1", "mps", ...}, default="auto"
    verbose : bool, default=False
        Show progress bars, on terminals.

    Attributes
    ----------
    labels_ : ndarray of shape (n,)
        Clusters of the fitted points, int64; -1 for noise.
    outlier_scores_ : ndarray of shape (n,)
        Of the fitted points: see `outlier_score`.
    embedding_ : ndarray of shape (n, code_size)
        Codes of the fitted points, float32.
    cluster_centers_ : ndarray of shape (n_clusters, code_size)
    n_clusters_ : int
    model_ : DECModel
    history_ : dict of str to DataFrame
        The learning curve of the autoencoder's fine-tuning, and of the clustering.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (d,)
        Where the input had column names.

    References
    ----------
    Xie et al., Unsupervised deep embedding for clustering analysis, ICML 2016.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from spectralnet import DEC
    >>> X, _ = load_digits(return_X_y=True)
    >>> clusters = DEC(n_clusters=10, random_state=0).fit_predict(X / 16)
    """

    _model = DECModel

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        stacked: Changes = None,
        dec: Changes = None,
        noise: Noise = None,
        random_state: int | np.random.RandomState | None = None,
        device: str = "auto",
        verbose: bool = False,
    ) -> None:
        self.n_clusters = n_clusters
        self.stacked = stacked
        self.dec = dec
        self.noise = noise
        self.random_state = random_state
        self.device = device
        self.verbose = verbose

    def _fit(self, x: Matrix, seed: int, device: torch.device) -> tuple[DECModel, Assignment]:
        stacked, dec = default_dec(x.shape[0], self.stacked, self.dec)
        self.history_: dict[str, pd.DataFrame] = {}
        net, self.history_["stacked"] = train_stacked(x, stacked, seed=seed, device=device)
        model, assigned, self.history_["dec"] = train_dec(
            x, net.encoder, self.n_clusters, dec, seed=seed, device=device
        )
        return model, assigned
