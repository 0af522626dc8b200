"""Models of random weights."""

import torch

from spectralnet.membership.part import Membership
from spectralnet.methods.model import ClusterModel
from spectralnet.nets.blocks import MLP
from spectralnet.nets.devices import seeded
from spectralnet.spectral.map import SpectralMap


def random_model(n_features: int, membership: Membership | None = None) -> ClusterModel:
    """Three clusters in two eigenvectors, of rows with `n_features` columns."""
    with seeded(0):
        parts = MLP([n_features, 6, 3]), MLP([3]), SpectralMap([3, 5, 2])
        return ClusterModel(*parts, torch.randn(3, 2), membership=membership)
