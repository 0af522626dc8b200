"""The model of DEC: an encoder, centroids, and how points are shared among them."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spectralnet.artifacts import load_json, save_json, save_weights
from spectralnet.checks import check_mapped
from spectralnet.clusters.kmeans import Assignment, nearest_centroid
from spectralnet.folders import check_manifest, seal
from spectralnet.matrices import Matrix, as_features
from spectralnet.membership.part import Membership
from spectralnet.nets.blocks import build_net
from spectralnet.nets.devices import map_in_chunks
from spectralnet.nets.net import Net
from spectralnet.nets.saved import load_module


def soft_assignment(codes: Tensor, centroids: Tensor) -> Tensor:
    """Measure how similar codes and centroids are, by Student's t with one degree of freedom.

    Parameters
    ----------
    codes : Tensor of shape (m, c)
    centroids : Tensor of shape (k, c)

    Returns
    -------
    Tensor of shape (m, k)
        Rows sum to 1.

    References
    ----------
    Xie et al., DEC, ICML 2016, equation 1, with alpha = 1.
    """
    distance = torch.cdist(codes, centroids, compute_mode="donot_use_mm_for_euclid_dist")
    similarity = 1 / (1 + distance**2)  # (m, k)
    return similarity / similarity.sum(dim=1, keepdim=True)


def target_distribution(q: Tensor) -> Tensor:
    """Sharpen soft assignments, and weigh them against large clusters.

    Parameters
    ----------
    q : Tensor of shape (n, k)
        Of all points: the clusters' frequencies are sums over them.

    Returns
    -------
    Tensor of shape (n, k)
        Rows sum to 1.

    References
    ----------
    Xie et al., DEC, ICML 2016, equation 3.
    """
    p = q**2 / q.sum(dim=0)  # (n, k)
    return p / p.sum(dim=1, keepdim=True)


def divergence(p: Tensor, q: Tensor) -> Tensor:
    """Return KL(p || q), a mean over the rows of shape (m, k): equation 2."""
    return nn.functional.kl_div(q.log(), p, reduction="batchmean")


class DECModel(nn.Module):
    """An encoder and centroids among its codes.

    Parameters
    ----------
    encoder : Net
    centroids : Tensor of shape (k, c)
        Trained with the encoder.
    membership : Membership, optional
        Models of former versions have none.
    """

    centroids: Tensor
    hierarchy: None = None

    def __init__(
        self, encoder: Net, centroids: Tensor, membership: Membership | None = None
    ) -> None:
        super().__init__()
        self.membership = membership
        self.encoder = encoder
        self.centroids = nn.Parameter(centroids, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Encode features, shape (m, d): codes (m, c)."""
        return self.encoder(x)

    def assign(
        self, x: Matrix, device: torch.device | None = None, whole: bool = False
    ) -> Assignment:
        """Encode points, and assign each to the nearest centroid: the largest q.

        Parameters
        ----------
        x : ndarray or csr_array of shape (n, d)
            Features, scaled as those that the model was fitted on.
        device : torch.device, optional
            By default the CPU.
        whole : bool, default=False
            Tell probabilities and outlier scores too.

        Returns
        -------
        Assignment
            Clusters from 0 to k - 1, or -1 for noise where the model tells it, distances to
            the nearest centroids, and codes.

        Raises
        ------
        DataError
            If `x` is no matrix of d columns, or a row is mapped to no finite numbers.
        """
        x = as_features(x, self.encoder.n_features)
        # Not by the model itself: its membership is in double precision, which "mps" has not.
        codes = check_mapped(map_in_chunks(self.encoder, x, device or torch.device("cpu")))
        centroids = self.centroids.cpu().numpy()
        clusters = nearest_centroid(codes, centroids)
        distances = np.linalg.norm(codes - centroids[clusters], axis=1)
        assigned = Assignment(clusters, distances, codes)
        if self.membership is None or not (whole or self.membership.leaves_noise_out):
            return assigned
        return self.membership.complete(assigned, codes, centroids, codes)

    def places(self, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
        """Say where embedded points, shape (m, c), lie among the centroids: at their codes."""
        return embedding

    def predict(self, x: Matrix, device: torch.device | None = None) -> NDArray[np.int64]:
        """Return the clusters, shape (n,), that `assign` gives."""
        return self.assign(x, device).clusters

    def loss(self, x: Matrix, device: torch.device) -> float:
        """Return KL(P || Q) of these points, shape (n, d), with their own target distribution."""
        return float(divergence(*self.distributions(x, device)))

    def distributions(self, x: Matrix, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return P and Q of points, shape (n, d): (n, k) each."""
        codes = torch.from_numpy(map_in_chunks(self.encoder, x, device)).to(device)
        with torch.no_grad():
            q = soft_assignment(codes, self.centroids.to(device))
            return target_distribution(q), q

    def save(self, folder: Path) -> None:
        """Write ``model.json`` and ``model.safetensors`` into `folder`."""
        shape = {
            "kind": "dec",
            "encoder": self.encoder.config,
            "n_clusters": len(self.centroids),
            "membership": None if self.membership is None else self.membership.config,
        }
        save_json(folder / "model.json", shape)
        save_weights(folder / "model.safetensors", self)
        seal(folder, ("model.json", "model.safetensors"))

    @classmethod
    def load(cls, folder: Path) -> "DECModel":
        """Read what `save` wrote; a `DataError` if its files do not belong together."""
        check_manifest(folder)
        shape = load_json(folder / "model.json")
        told = shape.get("membership")  # which former versions had not

        def build() -> DECModel:
            encoder = build_net(shape["encoder"])
            centroids = torch.empty(shape["n_clusters"], encoder.sizes[-1])
            return cls(encoder, centroids, None if told is None else Membership(**told))

        return load_module(folder / "model.safetensors", build)


def generalisability(
    model: DECModel, fitted: Matrix, held_out: Matrix, device: torch.device
) -> float:
    """Compare the loss of fitted points to that of held-out ones.

    It is below 1 where clusters fit the one better than the other, and drops where there are
    too many clusters. No labels are needed.

    Parameters
    ----------
    model : DECModel
    fitted, held_out : ndarray or csr_array of shape (n, d) and (m, d)
    device : torch.device

    Returns
    -------
    float

    References
    ----------
    Xie et al., DEC, ICML 2016, section 5.4.
    """
    return model.loss(fitted, device) / model.loss(held_out, device)
