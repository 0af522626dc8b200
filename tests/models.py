"""Models of random weights."""

import numpy as np
import torch

from spectralnet.membership.hierarchy import Hierarchy
from spectralnet.membership.part import Membership
from spectralnet.methods.model import ClusterModel
from spectralnet.nets.blocks import MLP
from spectralnet.nets.devices import seeded
from spectralnet.spectral.map import SpectralMap


def random_model(
    n_features: int, membership: Membership | None = None, hierarchy: Hierarchy | None = None
) -> ClusterModel:
    """Three clusters in two eigenvectors, of rows with `n_features` columns."""
    with seeded(0):
        parts = MLP([n_features, 6, 3]), MLP([3]), SpectralMap([3, 5, 2])
        return ClusterModel(*parts, torch.randn(3, 2), membership=membership, hierarchy=hierarchy)


def random_hierarchy() -> Hierarchy:
    """Two groups in each of the three clusters of `random_model`, of nine points."""
    joins = [[0, 1, 0.1, 2], [2, 3, 0.2, 2], [4, 5, 0.3, 2], [6, 8, 0.4, 4], [7, 9, 0.5, 6]]
    groups = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    return Hierarchy(np.array(joins), groups, np.arange(6) // 2, np.arange(9) % 6)
