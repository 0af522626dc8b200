import numpy as np
import pytest
import torch

from spectralnet.neighbours import nearest_neighbours
from spectralnet.nets import map_in_chunks
from spectralnet.siamese import PairSampler, are_neighbours, contrastive_loss, train_siamese


def test_loss_equals_a_loop_over_pairs():
    generator = np.random.default_rng(0)
    anchors, others = generator.normal(size=(5, 3)), generator.normal(size=(7, 3))
    kind = generator.integers(0, 3, (5, 7))  # neither, positive, negative
    pull, push = [], []
    for i in range(5):
        for j in range(7):
            distance = np.sqrt(((anchors[i] - others[j]) ** 2).sum())
            if kind[i, j] == 1:
                pull.append(distance**2)
            if kind[i, j] == 2:
                push.append(max(1.5 - distance, 0) ** 2)
    loss = contrastive_loss(
        torch.tensor(anchors),
        torch.tensor(others),
        torch.tensor(kind == 1),
        torch.tensor(kind == 2),
        margin=1.5,
    )
    assert loss.item() == pytest.approx(np.mean(pull) + np.mean(push))


def test_loss_has_a_finite_gradient_for_equal_points():
    z = torch.zeros(4, 2, requires_grad=True)
    positive = torch.eye(4).roll(1, 0).bool()
    contrastive_loss(z, z, positive, ~positive & ~torch.eye(4).bool(), 1.0).backward()
    assert torch.isfinite(z.grad).all()


@pytest.fixture
def sampler(blobs):
    neighbours = nearest_neighbours(blobs, 6).indices
    held_out = np.zeros(len(blobs), dtype=bool)
    held_out[::5] = True
    return PairSampler(neighbours, 2, held_out)


def test_positives_are_the_nearest_neighbours_and_points_are_split(sampler, blobs):
    neighbours = nearest_neighbours(blobs, 6).indices
    held_out = np.arange(len(blobs)) % 5 == 0
    everything = {(i, int(j)) for i in range(len(blobs)) for j in neighbours[i, :2]}
    fitted = {tuple(pair) for pair in sampler.fitted.tolist()}
    assert fitted == {(i, j) for i, j in everything if not held_out[i] and not held_out[j]}
    unseen = {tuple(pair) for pair in sampler.held_out.tolist()}
    assert unseen == {(i, j) for i, j in everything if held_out[i]}


def test_negatives_exclude_self_and_neighbours(sampler):
    pairs = sampler.fitted
    points, positive, negative = sampler.masks(pairs)
    lists = [set(row) for row in sampler.neighbours.tolist()]
    for i in range(0, len(pairs), 7):
        anchor = pairs[i, 0].item()
        assert points[positive[i]].tolist() == [pairs[i, 1].item()]
        for column, point in enumerate(points.tolist()):
            near = point in lists[anchor] or anchor in lists[point]
            assert negative[i, column].item() == (point != anchor and not near)


def test_are_neighbours_whichever_lists_the_other():
    neighbours = torch.tensor([[1], [2], [1]])
    found = are_neighbours(torch.tensor([0, 1, 2]), torch.tensor([0, 1, 2]), neighbours)
    assert found.tolist() == [[False, True, False], [True, False, True], [False, True, False]]


def test_the_learned_metric_tells_neighbours_from_others(blobs, settings, cpu):
    neighbours = nearest_neighbours(blobs, 6).indices
    net, history = train_siamese(blobs, neighbours, settings.siamese, seed=0, device=cpu)
    assert history["held_out_loss"].iloc[-1] < 0.6 * history["held_out_loss"].iloc[0]
    z = map_in_chunks(net, blobs, cpu)
    distance = np.linalg.norm(z[:, None] - z[None], axis=2)
    near = distance[np.arange(len(z))[:, None], neighbours[:, :2]]
    assert near.mean() < 0.5 * distance.mean()
