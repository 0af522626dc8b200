"""The orthonormal output layer (Shaham et al. 2018, section 3.1)."""

import torch
from torch import Tensor

from spectralnet.errors import TrainingError

LEAST_SINE = 1e-6  # below it lies float32's noise


def orthonormal_weights(y: Tensor) -> Tensor:
    """Compute the weights that make the columns of a batch orthonormal.

    With the Cholesky factorisation (1/m) Y^T Y = R R^T they are R^-T, so that the batch
    Y R^-T has second moment I. The gradient flows through them. (The paper alternates:
    a step sets the weights, the next one holds them fixed. Then a gradient step pulls all
    outputs together, and the next weights have to undo it.)

    Parameters
    ----------
    y : Tensor of shape (m, c)
        Outputs of the net, m >= c.

    Returns
    -------
    Tensor of shape (c, c)
        Upper triangular, in the dtype of `y`; computed in double precision.

    Raises
    ------
    TrainingError
        If the columns are linearly dependent or not finite.

    References
    ----------
    Shaham et al., SpectralNet, ICLR 2018, section 3.1 and algorithm 1.
    """
    m, c = y.shape
    y64 = y.double()
    moment = y64.T @ y64 / m  # (c, c)
    factor, info = torch.linalg.cholesky_ex(moment)
    # The sine of each column's angle to those before it.
    sines = factor.diagonal() / moment.diagonal().sqrt()
    if info.item() != 0 or not (sines > LEAST_SINE).all():
        raise TrainingError(
            f"the {c} outputs are linearly dependent on a batch of {m} points: use a larger "
            "batch_size, a smaller learning_rate, or fewer n_components"
        )
    identity = torch.eye(c, dtype=factor.dtype, device=factor.device)
    inverse = torch.linalg.solve_triangular(factor, identity, upper=False)
    return inverse.T.to(y.dtype)


def orthonormalise(y: Tensor) -> Tensor:
    """Return the batch `y`, shape (m, c), mapped so that (1/m) Y^T Y = I."""
    return y @ orthonormal_weights(y)
