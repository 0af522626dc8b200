"""SpectralNet as a scikit-learn estimator, for use without the pipeline."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_array
from sklearn.utils import Tags

from spectralnet.artifacts import load_array, save_array
from spectralnet.checks import image_size
from spectralnet.clusters.kmeans import Assignment
from spectralnet.codes.autoencoder import train_autoencoder
from spectralnet.codes.spaces import CODE, INPUT, untrained_encoder
from spectralnet.config.limits import graph_settings
from spectralnet.config.settings import Settings
from spectralnet.data.given_graph import check_graph
from spectralnet.data.preparation import Columns
from spectralnet.estimators.base import Changes
from spectralnet.estimators.growing import GrowingClusterer
from spectralnet.estimators.options import COSINE, check_metric, check_options, check_sampler
from spectralnet.estimators.semi_supervised import SemiSupervisedClusterer
from spectralnet.matrices import Matrix
from spectralnet.membership.n_clusters import NClusters, enough_for
from spectralnet.membership.part import Noise
from spectralnet.methods.affinities import AffinityOptions, PointsInSpace, given_affinity
from spectralnet.methods.learned import GIVEN, make_affinity
from spectralnet.methods.model import ClusterModel
from spectralnet.methods.spectralnet import train_spectralnet
from spectralnet.nets.devices import map_through
from spectralnet.nets.net import Net


class SpectralNet(SemiSupervisedClusterer, GrowingClusterer):
    """Deep spectral clustering: a net into the eigenspace of a neighbour graph, then k-means.

    Parameters
    ----------
    n_clusters : int, "auto" or (int, int), default=8
        How many, or how to choose: "auto" takes the largest number, up to 30, at which points
        keep their clusters when these are found again on halves of them; a pair is the lowest and
        the highest number to choose among.
    space : {"auto", "hog", "lsa", "input", "code"}, default="auto"
        Where neighbours are searched: among histograms of oriented gradients of images, among
        the projections of sparse rows on their first 100 principal directions (latent semantic
        analysis), among the rows themselves, or among the codes of an autoencoder. "auto" takes
        gradients if there is an `image_shape`; projections of more than 100 sparse rows of more
        than 100 columns, if all are of one length, as TF-IDF or ``metric="cosine"`` makes them;
        else the rows.
    affinity : {"euclidean", "siamese", "precomputed"}, default="euclidean"
        Distances of the graph: plain, or learned by a Siamese net. With "precomputed" the rows
        are affinities to the fitted points, 0 or more and symmetric, those of new points too.
    metric : {"euclidean", "cosine"}, default="euclidean"
        Of the rows. "cosine" takes their directions alone: each is divided by its length, and
        neither centred nor scaled.
    image_shape : (int, int), default=None
        Height and width, if the rows are images of one channel: neighbours are then those of
        their gradients, and the Siamese net sees them through convolutions. Pixels are best
        between 0 and 1.
    n_components : int, default=None
        Eigenvectors, the constant one included; by default up to `n_clusters` + 6. Clusters
        are read off all of them, weighted by their eigenvalues, or off the first `n_clusters`
        where a plain gap follows these.
    n_neighbors : int, default=20
        Of each point in the graph, itself not counted; n - 1 where there are fewer.
    autoencoder, graph, siamese, spectralnet : dict, default=None
        Settings to change, by their names in ``params.yaml``: ``spectralnet={"epochs": 60}``.
        The defaults are `spectralnet.config.defaults.default_settings`.
    noise : {"auto"}, float or None, default=None
        What is noise, and gets the cluster -1: points far from all others ("auto"), that part of
        the fitted points that is farthest, or nothing.
    semi_supervised : bool, default=False
        Whether `fit` takes `y` for known labels, -1 where there is none; else it ignores `y`. No
        fewer clusters are chosen than there are labels.
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
    eigenvalues_ : ndarray of shape (n_components,)
        Ascending; of the normalised Laplacian, or of the other with ``sampler: batch``.
    cluster_centers_ : ndarray of shape (n_clusters, number of eigenvectors used)
        See `spectralnet.clusters.kmeans.fit_spectral_centroids`.
    n_clusters_ : int
    linkage_ : ndarray of shape (m - 1, 4)
        Of m groups, of which the clusters are made: see `cut`.
    model_ : ClusterModel
    history_ : dict of str to DataFrame
        The learning curve of each net; "eigenvectors" is of the spectral net's fit to exact ones.
    rayleigh_ratio_, n_moved_, novel_, new_clusters_
        Of the last `partial_fit`: see there.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (d,)
        Where the input had column names.

    References
    ----------
    Shaham et al., SpectralNet: Spectral clustering using deep neural networks, ICLR 2018.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from spectralnet import SpectralNet
    >>> X, _ = make_moons(1000, noise=0.05, random_state=0)
    >>> clusters = SpectralNet(n_clusters=2, random_state=0).fit_predict(X)
    """

    _model = ClusterModel

    def __init__(
        self,
        n_clusters: NClusters = 8,
        *,
        space: Literal["auto", "hog", "lsa", "input", "code"] = "auto",
        affinity: Literal["euclidean", "siamese", "precomputed"] = "euclidean",
        metric: Literal["euclidean", "cosine"] = "euclidean",
        image_shape: Sequence[int] | None = None,
        n_components: int | None = None,
        n_neighbors: int = 20,
        autoencoder: Changes = None,
        graph: Changes = None,
        siamese: Changes = None,
        spectralnet: Changes = None,
        noise: Noise = None,
        semi_supervised: bool = False,
        random_state: int | np.random.RandomState | None = None,
        device: str = "auto",
        verbose: bool = False,
        n_neighbours: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.space = space
        self.affinity = affinity
        self.metric = metric
        self.image_shape = image_shape
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.autoencoder = autoencoder
        self.graph = graph
        self.siamese = siamese
        self.spectralnet = spectralnet
        self.noise = noise
        self.semi_supervised = semi_supervised
        self.random_state = random_state
        self.device = device
        self.verbose = verbose
        self.n_neighbours = n_neighbours

    def _fit(self, x: Matrix, seed: int, device: torch.device) -> tuple[ClusterModel, Assignment]:
        graph = check_graph(csr_array(x), x.shape[0], "X") if self.affinity == GIVEN else None
        settings = self._settings(x)
        supervision = self._supervision(x, settings, self.affinity)
        self.history_: dict[str, pd.DataFrame] = {}
        image_shape = image_size(self.image_shape, x.shape[1])
        if self.space == CODE:
            autoencoder, self.history_["autoencoder"] = train_autoencoder(
                x, settings.autoencoder, seed=seed, device=device
            )
            encoder: Net = autoencoder.encoder
        else:
            space = self.space if graph is None else INPUT
            encoder = untrained_encoder(space, x, image_shape, seed)
        features = map_through(x, device, encoder)
        points = PointsInSpace(x, features, encoder, image_shape, supervision)
        options = AffinityOptions(
            settings.graph, getattr(settings, self.affinity, None), seed, device
        )
        if graph is not None:
            affinity = given_affinity(points, graph)
        else:
            affinity = make_affinity(self.affinity, points, options)
        if affinity.history is not None:
            self.history_[self.affinity] = affinity.history
        own_graph = graph is None and not supervision.told.any()
        found = train_spectralnet(
            affinity.encoder,
            affinity.embedder,
            affinity.embedding,
            affinity.graph,
            enough_for(supervision.n_labels, self._candidates),
            settings.spectralnet,
            settings.graph,
            own_graph=own_graph,
            seed=seed,
            device=device,
        )
        self.eigenvalues_ = found.eigenvalues
        self.history_ |= found.histories
        n_neighbours = settings.graph.n_neighbours
        self._keep_points(own_graph, affinity.embedding, affinity.graph, n_neighbours)
        if graph is not None and found.model.membership is not None:
            # Rows of affinities have no distances.
            found.model.membership = found.model.membership.without_references()
            return found.model, found.assigned._replace(outlier_scores=None)
        return found.model, found.assigned

    def _fit_preparation(self, x: Matrix, names: list[str] | None) -> Columns:
        check_metric(self.metric, x, self._as_given)
        if self.metric == COSINE:
            return Columns(self.n_features_in_, directions=True, names=names)
        return super()._fit_preparation(x, names)

    @property
    def _as_given(self) -> bool:
        return super()._as_given or self.affinity == GIVEN

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.affinity == GIVEN
        return tags

    def _write(self, folder: Path) -> None:
        super()._write(folder)
        save_array(folder / "eigenvalues.npy", self.eigenvalues_)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote; a `DataError` if that was no estimator of this class."""
        self = super().load(folder)
        self.eigenvalues_ = np.array(load_array(Path(folder) / "eigenvalues.npy"))
        return self

    def _settings(self, x: Matrix) -> Settings:
        """Check the parameters against each other and the points, before any training."""
        check_options(self.space, self.affinity, self.image_shape, self.noise, x)
        changes = {
            "autoencoder": self.autoencoder,
            "graph": self.graph,
            "siamese": self.siamese,
            "spectralnet": self.spectralnet,
        }
        n_neighbors = self._n_neighbors()
        settings = graph_settings(x, self._most_clusters, n_neighbors, self.n_components, changes)
        check_sampler(settings.spectralnet.sampler, self.affinity)
        return settings
