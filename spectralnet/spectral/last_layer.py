"""The last layer of a spectral map, set from all points at once."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spectralnet.matrices import Matrix
from spectralnet.nets.devices import map_in_chunks
from spectralnet.spectral.laplacian import rayleigh_ritz
from spectralnet.spectral.map import SpectralMap


def finish(
    net: SpectralMap, x: Matrix, graph: csr_array, normalised: bool, device: torch.device
) -> NDArray[np.float64]:
    """Set the last layer, once, so that the outputs are orthonormal eigenvectors.

    Minibatches set it anew in every step of the training; here all points of the graph
    do, and Rayleigh-Ritz turns the basis they span into eigenvectors.

    Parameters
    ----------
    net : SpectralMap
        Changed in place.
    x : ndarray or csr_array of shape (n, d)
    graph : csr_array of shape (n, n)
    normalised : bool
        See `spectralnet.spectral.laplacian.rayleigh_ritz`.
    device : torch.device

    Returns
    -------
    ndarray of shape (c,)
        The eigenvalues, ascending. Where the outputs span r < c dimensions, the last c - r
        eigenvectors are 0, their eigenvalues those of the last that there is.

    Raises
    ------
    TrainingError
        If the net maps all points to one.
    """
    c = len(net.output_weights)
    net.output_weights.copy_(torch.eye(c))
    rotation, eigenvalues = rayleigh_ritz(map_in_chunks(net, x, device), graph, normalised)
    lost = c - len(eigenvalues)
    weights = torch.from_numpy(np.pad(rotation, [(0, 0), (0, lost)]))
    net.output_weights.copy_(weights.to(net.output_weights.dtype))
    return np.pad(eigenvalues, (0, lost), mode="edge")
