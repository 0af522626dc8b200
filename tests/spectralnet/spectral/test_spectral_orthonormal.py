import numpy as np
import pytest
import torch

from spectralnet.errors import TrainingError
from spectralnet.spectral.orthonormal import orthonormal_weights


def orthonormalise(y):
    return y @ orthonormal_weights(y)[0]


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
    assert torch.autograd.gradcheck(lambda y: orthonormal_weights(y)[0], y)


def test_the_quotient_is_blind_to_scale_only_if_the_gradient_passes_the_weights(outputs):
    """tr(C^-1 E) does not change when all outputs grow, so its gradient along them is 0."""

    def quotient(y, weights):
        z = y @ weights
        return ((z[::2] - z[1::2]) ** 2).sum()

    y = outputs.double().requires_grad_()
    weights, missing = orthonormal_weights(y)
    assert missing == 0
    attached = torch.autograd.grad(quotient(y, weights), y, retain_graph=True)[0]
    detached = torch.autograd.grad(quotient(y, weights.detach()), y)[0]
    along = (detached * y).sum()
    assert along > 1
    assert abs((attached * y).sum()) < 1e-9 * along


NORMAL = torch.randn(256, 6, generator=torch.Generator().manual_seed(0)).clamp(-3, 3)
HOSTILE = {  # and how many dimensions are missing
    "huge": (1e38 * NORMAL, 0),
    "tiny": (1e-12 * NORMAL, 0),
    "denormal": (1e-42 * NORMAL, 6),
    "unequal": (torch.logspace(-12, 38, 6) * NORMAL, 0),
    "a column that vanishes": (torch.tensor([1, 1, 1, 1, 1, 1e-42]) * NORMAL, 1),
    "constant": (torch.full((256, 6), 1e30), 5),
    "one point far off": (torch.cat([NORMAL[1:], torch.full((1, 6), 1e38)]), 5),
    "two points": (NORMAL[:2].repeat(128, 1), 4),
    "a point for each column": (NORMAL[:6], 0),
    "blocks": (torch.eye(6)[torch.arange(256) % 3], 3),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_batch_of_finite_outputs_fails(name):
    """The loss is at most as many as columns, and its gradient is finite."""
    y, lacking = HOSTILE[name]
    y = y.clone().requires_grad_()
    weights, missing = orthonormal_weights(y)
    z = (y @ weights).double()
    moment = z.T @ z / len(z)
    assert missing.item() == pytest.approx(lacking, abs=0.05)
    assert moment.trace().item() == pytest.approx(6 - lacking, abs=0.05)
    assert torch.linalg.eigvalsh(moment).max() < 1.0001
    loss = ((z - z.mean(dim=0)) ** 2).sum() / len(z) + missing
    assert loss.item() < 6.0001
    (gradient,) = torch.autograd.grad(loss, y)
    assert gradient.isfinite().all()


@pytest.mark.parametrize("seed", range(6))
def test_missing_dimensions_are_counted(seed):
    outputs = torch.randn(512, 6, generator=torch.Generator().manual_seed(seed))
    outputs[:, 5] = outputs[:, 0]  # roundoff alone would let half of the seeds pass
    weights, missing = orthonormal_weights(outputs)
    assert missing.item() == pytest.approx(1, abs=0.02)
    y = outputs @ weights
    assert (y**2).sum().item() / 512 == pytest.approx(5, abs=0.02)
    assert orthonormal_weights(outputs[:1].expand(512, 6))[1].item() == pytest.approx(5, abs=0.02)
    weights, missing = orthonormal_weights(torch.zeros_like(outputs))
    assert weights.isfinite().all()
    assert missing == 6


def test_the_gradient_leads_out_of_the_dependence():
    """Four columns that are all but one: descent of what is missing makes them independent."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(256, 4, generator=generator)
    mixing = torch.ones(4, 4) + 1e-9 * torch.randn(4, 4, generator=generator)
    mixing.requires_grad_()
    optimizer = torch.optim.Adam([mixing], 0.01)
    for _ in range(100):
        _, missing = orthonormal_weights(x @ mixing)
        if missing == 0:
            return
        optimizer.zero_grad()
        missing.backward()
        optimizer.step()
    pytest.fail(f"{missing} dimensions are missing still")


def test_outputs_that_are_no_numbers_are_refused():
    with pytest.raises(TrainingError, match=r"6 outputs .* no finite numbers: .* column or a row"):
        orthonormal_weights(torch.full((512, 6), torch.inf))
