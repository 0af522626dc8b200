from contextlib import nullcontext

import numpy as np
import pytest
import torch
from scipy.stats import t as student

from spectralnet.clusters.kmeans import fit_centroids
from spectralnet.clusters.scores import accuracy
from spectralnet.errors import DataError, TrainingError
from spectralnet.methods.dec import training as dec_training
from spectralnet.methods.dec.model import (
    DECModel,
    divergence,
    generalisability,
    soft_assignment,
    target_distribution,
)
from spectralnet.methods.dec.training import DECParams, train_dec
from spectralnet.nets.blocks import MLP
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.devices import seeded

PARAMS = DECParams(epochs=20, batch_size=32, learning_rate=0.01, update_interval=0.5, tol=0.001)
LABELS = np.repeat(np.arange(3), 60)


def encoder(n_features: int = 4) -> MLP:
    with seeded(0):
        return MLP([n_features, 16, 2])


def test_soft_assignments_are_students_t_densities():
    generator = np.random.default_rng(0)
    codes, centroids = generator.normal(size=(7, 3)), generator.normal(size=(4, 3))
    q = soft_assignment(torch.from_numpy(codes), torch.from_numpy(centroids)).numpy()
    distance = np.linalg.norm(codes[:, None] - centroids, axis=2)
    density = student.pdf(distance, df=1)
    np.testing.assert_allclose(q, density / density.sum(axis=1, keepdims=True))


def test_targets_sharpen_and_lift_small_clusters():
    q = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]])
    p = target_distribution(torch.from_numpy(q)).numpy()
    for i, j in np.ndindex(q.shape):  # equation 3, term by term
        weights = [q[i, k] ** 2 / sum(q[:, k]) for k in range(2)]
        assert p[i, j] == pytest.approx(weights[j] / sum(weights))
    assert p[2, 1] > p[2, 0] * q[2, 1] ** 2 / q[2, 0] ** 2  # the second cluster is the smaller
    certain = torch.eye(3, dtype=torch.float64)[[0, 1, 2, 0]]
    torch.testing.assert_close(target_distribution(certain), certain)


def test_the_gradient_is_the_papers():
    """Equations 4 and 5, with alpha = 1."""
    generator = np.random.default_rng(0)
    z, mu = generator.normal(size=(6, 3)), generator.normal(size=(2, 3))
    codes, centroids = (torch.from_numpy(a).requires_grad_() for a in (z, mu))
    q = soft_assignment(codes, centroids)
    p = target_distribution(q).detach()
    (divergence(p, q) * len(z)).backward()
    apart = z[:, None] - mu  # (6, 2, 3)
    force = ((p - q).detach().numpy() / (1 + (apart**2).sum(axis=2)))[..., None] * apart
    np.testing.assert_allclose(codes.grad, 2 * force.sum(axis=1))
    np.testing.assert_allclose(centroids.grad, -2 * force.sum(axis=0))


def test_training_ends_when_clusters_stand_still_and_lowers_the_divergence(blobs, cpu):
    net = encoder()
    codes = net(torch.from_numpy(blobs)).detach().numpy()
    start = DECModel(net, torch.from_numpy(fit_centroids(codes, 3, 0, restarts=20)))
    before = start.predict(blobs)
    p, q = start.distributions(blobs, cpu)
    fixed = divergence(p, q).item()
    params = PARAMS.model_copy(update={"update_interval": 1.0})
    model, assigned, history = train_dec(blobs, net, 3, params, seed=0, device=cpu)
    assert 1 < len(history) < params.epochs
    *moving, last = history["changed"]
    assert min(moving) >= params.tol > last
    _, after = model.distributions(blobs, cpu)
    assert divergence(p, after).item() < fixed
    clusters = model.predict(blobs)
    np.testing.assert_array_equal(clusters, after.argmax(dim=1).numpy())
    assert accuracy(LABELS, clusters) > accuracy(LABELS, before) > 0.5
    for told, again in zip(assigned, model.assign(blobs, whole=True), strict=True):
        np.testing.assert_allclose(told, again, rtol=1e-4, atol=1e-5)


@pytest.fixture
def steps(monkeypatch):
    """What the loss is given at each step: targets and assignments, in single precision."""
    seen = []

    def recorded(p, q):
        seen.append((p.clone(), q.detach().clone()))
        return divergence(p, q)

    monkeypatch.setattr(dec_training, "divergence", recorded)
    monkeypatch.setattr(dec_training, "half_precision", lambda device: nullcontext())
    return seen


def in_order(rows):
    return np.array(sorted(map(tuple, rows.numpy())))


def test_a_target_is_of_all_points_and_serves_one_round(blobs, cpu, steps):
    net = encoder()
    codes = net(torch.from_numpy(blobs)).detach().numpy()
    start = DECModel(net, torch.from_numpy(fit_centroids(codes, 3, 0, restarts=20)))
    expected = target_distribution(start.distributions(blobs, cpu)[1])
    params = PARAMS.model_copy(
        update={"batch_size": 60, "update_interval": 1.0, "epochs": 2, "tol": 0.0}
    )
    train_dec(blobs, encoder(), 3, params, seed=0, device=cpu)
    assert len(steps) == 6  # two rounds of three minibatches
    first, second = (torch.cat([p for p, _ in part]) for part in (steps[:3], steps[3:]))
    np.testing.assert_allclose(in_order(first), in_order(expected), atol=1e-6)
    assert abs(in_order(second) - in_order(first)).max() > 1e-3


@pytest.mark.parametrize(("update_interval", "rounds"), [(0.1, 5), (1.0, 5), (2.5, 2)])
def test_training_takes_no_more_passes_than_asked(blobs, cpu, steps, update_interval, rounds):
    params = PARAMS.model_copy(
        update={"batch_size": 256, "update_interval": update_interval, "epochs": 5, "tol": 0.0}
    )
    _, _, history = train_dec(blobs, encoder(), 3, params, seed=0, device=cpu)
    assert len(history) == rounds
    assert 4 <= len(steps) <= 5  # a minibatch is a pass


def test_a_step_descends_the_gradient_of_encoder_and_centroids(blobs, cpu, steps):
    params = PARAMS.model_copy(update={"batch_size": 180, "update_interval": 1.0, "epochs": 1})
    net = encoder()
    codes = net(torch.from_numpy(blobs))
    centroids = torch.from_numpy(fit_centroids(codes.detach().numpy(), 3, 0, restarts=20))
    q = soft_assignment(codes, centroids.requires_grad_())
    divergence(target_distribution(q).detach(), q).backward()
    model, _, _ = train_dec(blobs, encoder(), 3, params, seed=0, device=cpu)
    expected = [w - 0.01 * w.grad for w in (centroids, *net.parameters())]
    for found, wanted in zip((model.centroids, *model.encoder.parameters()), expected, strict=True):
        torch.testing.assert_close(found, wanted.detach(), atol=1e-6, rtol=1e-5)
    assert (model.centroids - centroids).abs().max() > 1e-4


def test_a_killed_training_ends_where_it_would_have(blobs, cpu, tmp_path):
    params = PARAMS.model_copy(update={"tol": 0.0, "epochs": 3})
    whole, _, history = train_dec(blobs, encoder(), 3, params, seed=0, device=cpu)
    checkpoint = Checkpoint(tmp_path / "dec.pt", seconds=0)
    half = params.model_copy(update={"epochs": 1})
    train_dec(blobs, encoder(), 3, half, seed=0, device=cpu, checkpoint=checkpoint)
    resumed, _, again = train_dec(
        blobs, encoder(), 3, params, seed=0, device=cpu, checkpoint=checkpoint
    )
    assert again["loss"].tolist() == history["loss"].tolist()
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name])


def test_a_training_goes_on_in_the_middle_of_a_round(blobs, cpu, tmp_path):
    """Whose target is of the model that the round began with."""

    class Killed(Checkpoint):
        def save(self, state):
            super().save(state)
            if len(state["history"]) == 1 and len(state["losses"]) == 1:
                raise KeyboardInterrupt

    params = PARAMS.model_copy(update={"tol": 0.0, "epochs": 3, "batch_size": 60})
    whole, _, history = train_dec(blobs, encoder(), 3, params, seed=0, device=cpu)
    checkpoint = Killed(tmp_path / "dec.pt", seconds=0)
    with pytest.raises(KeyboardInterrupt):
        train_dec(blobs, encoder(), 3, params, seed=0, device=cpu, checkpoint=checkpoint)
    checkpoint = Checkpoint(tmp_path / "dec.pt")
    resumed, _, again = train_dec(
        blobs, encoder(), 3, params, seed=0, device=cpu, checkpoint=checkpoint
    )
    for column in ("loss", "changed"):
        assert again[column].tolist() == history[column].tolist()
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name])


def test_a_model_comes_back_from_its_file(blobs, tmp_path):
    model = DECModel(encoder(), torch.arange(6.0).reshape(3, 2))
    model.save(tmp_path)
    again = DECModel.load(tmp_path).assign(blobs)
    assigned = model.assign(blobs)
    for one, other in zip(assigned, again, strict=True):
        np.testing.assert_array_equal(one, other)
    gaps = np.linalg.norm(assigned.embedding[:, None] - np.arange(6).reshape(3, 2), axis=2)
    np.testing.assert_allclose(assigned.distances, gaps.min(axis=1), rtol=1e-5)
    with pytest.raises(DataError, match=r"the model takes \(n, 4\)"):
        model.predict(blobs[:, :3])


def test_a_diverging_rate_is_named(blobs, cpu):
    params = PARAMS.model_copy(update={"learning_rate": 1e30})
    with pytest.raises(TrainingError, match=r"lower dec.learning_rate \(1e\+30\)"):
        train_dec(blobs, encoder(), 3, params, seed=0, device=cpu)


def test_generalisability_is_the_quotient_of_the_losses(blobs, cpu):
    centroids = fit_centroids(encoder()(torch.from_numpy(blobs)).detach().numpy(), 3, 0)
    model = DECModel(encoder(), torch.from_numpy(centroids))
    losses = []
    for part in (blobs[::2], blobs[1::2]):
        p, q = (a.numpy().astype(float) for a in model.distributions(part, cpu))
        losses.append((p * np.log(p / q)).sum() / len(part))
    ratio = generalisability(model, blobs[::2], blobs[1::2], cpu)
    assert ratio == pytest.approx(losses[0] / losses[1], rel=1e-4)
