"""The orthonormal output layer (Shaham et al. 2018, section 3.1)."""

import torch
from torch import Tensor

from spectralnet.errors import TrainingError
from spectralnet.nets.distributed import averaged

LEAST_SINE = 1e-6  # below it lies float32's noise
SHORTEST = 1e-15  # root mean square of a column, less those before it: weights are up to 1 / it
RIDGE = 1e-5  # of each column's mean square, where columns are dependent


def orthonormal_weights(y: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the weights that make the columns of a batch orthonormal.

    With the Cholesky factorisation (1/m) Y^T Y = R R^T they are R^-T, so that the batch
    Y R^-T has second moment I. The gradient flows through them. (The paper alternates:
    a step sets the weights, the next one holds them fixed. Then a gradient step pulls all
    outputs together, and the next weights have to undo it.)

    Where a batch has fewer distinct points than columns, or the net does not yet tell them
    apart, the columns are dependent: then a ridge is added to the moment, and the part of
    the c dimensions that the batch lacks is returned. A loss that counts each of these as
    the worst, tr((C + ridge)^-1 (E + ridge)), has a gradient that leads out of the dependence.

    Parameters
    ----------
    y : Tensor of shape (m, c)
        Outputs of the net, m >= c; of several processes, this one's share of them.

    Returns
    -------
    weights : Tensor of shape (c, c)
        Upper triangular, in the dtype of `y`; computed in double precision.
    missing : Tensor
        A scalar: the number of dimensions that the batch lacks, 0 if columns are independent.

    Raises
    ------
    TrainingError
        If the columns are not finite: the net has diverged, and does so on any batch. No batch of
        finite columns fails, since with the ridge the factorisation, in double precision, exists.

    References
    ----------
    Shaham et al., SpectralNet, ICLR 2018, section 3.1 and algorithm 1.
    """
    m, c = y.shape
    y64 = (y.cpu() if y.device.type == "mps" else y).double()  # which that device has not
    moment = averaged(y64.T @ y64 / m, m)  # (c, c)
    factor, info = torch.linalg.cholesky_ex(moment)
    # The sine of each column's angle to those before it.
    sines = factor.diagonal() / moment.diagonal().sqrt()
    apart = (sines > LEAST_SINE) & (factor.diagonal() > SHORTEST)
    dependent = (info != 0) | ~apart.all()
    # On a GPU to ask would be to wait: there the step goes on as if they were, with factors of 0.
    doubtful = moment.device.type != "cpu" or bool(dependent)
    if doubtful:
        if moment.device.type == "cpu" and not moment.isfinite().all():
            raise TrainingError(
                f"the {c} outputs on a batch of {m} points are no finite numbers: lower the "
                "learning_rate, or scale the input, if a column or a row is far larger than others"
            )
        ridge = RIDGE * moment.diagonal().clamp_min(torch.finfo(y.dtype).eps)
        factor = torch.linalg.cholesky_ex(moment + (dependent * ridge).diag()).L
    identity = torch.eye(c, dtype=factor.dtype, device=factor.device)
    inverse = torch.linalg.solve_triangular(factor, identity, upper=False)
    missing = y64.new_zeros(())
    if doubtful:
        missing = dependent * (c - (inverse @ moment @ inverse.T).trace())
    return inverse.T.to(y), missing.to(y)
