"""The trained model as a whole: from features to clusters, new points included."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spectralnet.artifacts import load_json, save_json, save_weights
from spectralnet.checks import check_mapped
from spectralnet.clusters.kmeans import Assignment, SpectralCentroids, assign, weighted_directions
from spectralnet.errors import DataError
from spectralnet.folders import check_manifest, seal
from spectralnet.matrices import Matrix, as_features
from spectralnet.membership.hierarchy import Hierarchy
from spectralnet.membership.part import Membership
from spectralnet.nets.blocks import build_net
from spectralnet.nets.devices import map_in_chunks, map_through
from spectralnet.nets.net import Net
from spectralnet.nets.saved import load_module
from spectralnet.spectral.map import SpectralMap


class ClusterModel(nn.Module):
    """Encoder, embedder, spectral map and centroids, in the order that features pass them.

    Parameters
    ----------
    encoder : Net
        To codes, gradients or projections; the identity in the input space, and where the Siamese
        net sees images.
    embedder : Net
        The Siamese net; the identity for Euclidean affinities.
    spectral_map : SpectralMap
    centroids : Tensor of shape (n_clusters, number of eigenvectors used)
    weights : Tensor of shape (number of eigenvectors used,), optional
        See `spectralnet.clusters.kmeans.SpectralCentroids`; by default, as in models of former
        versions, all 1.
    membership : Membership, optional
        Models of former versions have none.
    hierarchy : Hierarchy, optional
        The same.
    """

    centroids: Tensor
    weights: Tensor
    hierarchy: Hierarchy | None = None  # of pickles by former versions

    def __init__(
        self,
        encoder: Net,
        embedder: Net,
        spectral_map: SpectralMap,
        centroids: Tensor,
        weights: Tensor | None = None,
        membership: Membership | None = None,
        hierarchy: Hierarchy | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.embedder = embedder
        self.spectral_map = spectral_map
        self.register_buffer("centroids", centroids)
        weights = torch.ones(centroids.shape[1]) if weights is None else weights
        self.register_buffer("weights", weights, persistent=False)
        self.membership = membership
        self.hierarchy = hierarchy

    def forward(self, x: Tensor) -> Tensor:
        """Map features, shape (m, d), into the eigenspace, shape (m, c)."""
        return self.spectral_map(self.embedder(self.encoder(x)))

    def assign(
        self, x: Matrix, device: torch.device | None = None, whole: bool = False
    ) -> Assignment:
        """Embed points, and assign each to the centroid that is nearest to its direction.

        Nothing is fitted here: a point's cluster does not depend on the others in `x`.

        Parameters
        ----------
        x : ndarray or csr_array of shape (n, d)
            Features, scaled as those that the model was fitted on; converted to float32.
        device : torch.device, optional
            By default the CPU.
        whole : bool, default=False
            Tell probabilities and outlier scores too, which takes longer.

        Returns
        -------
        Assignment
            Clusters from 0 to n_clusters - 1, or -1 for noise where the model tells it, the
            distances of the directions to the nearest centroids, and the spectral embedding.

        Raises
        ------
        DataError
            If `x` is no matrix of d columns, or a row is mapped to no finite numbers.
        """
        x = as_features(x, self.encoder.n_features)
        device = device or torch.device("cpu")
        centred = SpectralCentroids(self.centroids.cpu().numpy(), self.weights.cpu().numpy())
        if self.membership is None or not (whole or self.membership.leaves_noise_out):
            # Not the model itself: its membership is in double precision, which "mps" has not.
            nets = nn.Sequential(self.encoder, self.embedder, self.spectral_map)
            return assign(check_mapped(map_in_chunks(nets, x, device)), centred)
        space = map_through(x, device, self.encoder, self.embedder)
        embedding = check_mapped(map_in_chunks(self.spectral_map, space, device))
        assigned = assign(embedding, centred)
        return self.membership.complete(assigned, self.places(embedding), centred.centroids, space)

    def places(self, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
        """Say where embedded points, shape (m, c), lie among the centroids: directions (m, w)."""
        return weighted_directions(embedding, self.weights.cpu().numpy())

    def predict(self, x: Matrix, device: torch.device | None = None) -> NDArray[np.int64]:
        """Return the clusters, shape (n,), that `assign` gives."""
        return self.assign(x, device).clusters

    def save(self, folder: Path) -> None:
        """Write ``model.json``, ``model.safetensors`` and the hierarchy's files into `folder`."""
        shape = {
            "kind": "spectral",
            "encoder": self.encoder.config,
            "embedder": self.embedder.config,
            "spectral_map": self.spectral_map.sizes,
            "landmarks": self.spectral_map.n_landmarks,
            "centroids": list(self.centroids.shape),
            "weights": self.weights.tolist(),
            "membership": None if self.membership is None else self.membership.config,
        }
        save_json(folder / "model.json", shape)
        save_weights(folder / "model.safetensors", self)
        nested = [] if self.hierarchy is None else self.hierarchy.save(folder)
        seal(folder, ["model.json", "model.safetensors", *nested])

    @classmethod
    def load(cls, folder: Path) -> "ClusterModel":
        """Read what `save` wrote; a `DataError` if its files do not belong together."""
        check_manifest(folder)
        shape = load_json(folder / "model.json")
        # Which former versions had not.
        weights, membership = shape.get("weights"), shape.get("membership")
        if weights is not None and not all(0 <= weight <= 1 for weight in weights):
            raise DataError(f"weights of eigenvectors are from 0 to 1, and not {weights[:10]}")
        model = load_module(
            folder / "model.safetensors",
            lambda: cls(
                build_net(shape["encoder"]),
                build_net(shape["embedder"]),
                SpectralMap(shape["spectral_map"], shape.get("landmarks", 0)),
                torch.empty(shape["centroids"]),
                None if weights is None else torch.tensor(weights),
                None if membership is None else Membership(**membership),
            ),
        )
        model.hierarchy = tree = Hierarchy.load(folder)
        n_clusters, width = model.centroids.shape
        if tree is not None and (
            tree.groups.shape[1] != width or not np.isin(tree.parents, np.arange(n_clusters)).all()
        ):
            raise DataError("its hierarchy is not of its clusters")
        return model
