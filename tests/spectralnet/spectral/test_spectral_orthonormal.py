import numpy as np
import pytest
import torch

from spectralnet.errors import TrainingError
from spectralnet.spectral.orthonormal import orthonormal_weights, orthonormalise


@pytest.fixture
def outputs():
    """Outputs of very unequal scale and strong correlation."""
    generator = torch.Generator().manual_seed(0)
    mixing = torch.randn(6, 6, generator=generator) * torch.logspace(-2, 2, 6)
    return torch.randn(512, 6, generator=generator) @ mixing + 3


def test_a_batch_becomes_orthonormal(outputs):
    y = orthonormalise(outputs)
    assert torch.allclose(y.T @ y / len(y), torch.eye(6), atol=1e-4)


def test_the_column_space_stays(outputs):
    q_before = np.linalg.qr(outputs.double().numpy())[0]
    q_after = np.linalg.qr(orthonormalise(outputs).double().numpy())[0]
    assert np.linalg.svd(q_before.T @ q_after)[1].min() > 1 - 1e-6


def test_gradient_equals_finite_differences():
    generator = torch.Generator().manual_seed(1)
    y = torch.randn(9, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(orthonormalise, y)
    assert torch.autograd.gradcheck(orthonormal_weights, y)


def test_the_quotient_is_blind_to_scale_only_if_the_gradient_passes_the_weights(outputs):
    """tr(C^-1 E) does not change when all outputs grow, so its gradient along them is 0."""

    def quotient(y, weights):
        z = y @ weights
        return ((z[::2] - z[1::2]) ** 2).sum()

    y = outputs.double().requires_grad_()
    attached = torch.autograd.grad(quotient(y, orthonormal_weights(y)), y)[0]
    detached = torch.autograd.grad(quotient(y, orthonormal_weights(y).detach()), y)[0]
    along = (detached * y).sum()
    assert along > 1
    assert abs((attached * y).sum()) < 1e-9 * along


@pytest.mark.parametrize("seed", range(6))
def test_dependent_outputs_are_refused(seed):
    outputs = torch.randn(512, 6, generator=torch.Generator().manual_seed(seed))
    orthonormal_weights(outputs)
    outputs[:, 5] = outputs[:, 0]  # roundoff alone would let half of the seeds pass
    with pytest.raises(TrainingError, match="6 outputs are linearly dependent"):
        orthonormal_weights(outputs)
    with pytest.raises(TrainingError, match="6 outputs are linearly dependent"):
        orthonormal_weights(torch.zeros_like(outputs))
