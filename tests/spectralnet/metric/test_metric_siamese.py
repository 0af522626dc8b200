import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from spectralnet.graph.affinity import affinity_graph
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.graph.supervision import Supervision, with_supervision
from spectralnet.methods.affinities import AffinityOptions, PointsInSpace
from spectralnet.methods.learned import siamese
from spectralnet.metric.augmentation import AffineParams, RandomAffine
from spectralnet.metric.pairs import Neighbourhoods, pair_masks
from spectralnet.metric.siamese import contrastive_loss, info_nce_loss, train_siamese
from spectralnet.nets.blocks import MLP, ConvNet
from spectralnet.nets.devices import map_in_chunks


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


def test_info_nce_equals_a_loop_over_anchors():
    generator = np.random.default_rng(0)
    anchors, others = generator.normal(size=(4, 3)), generator.normal(size=(6, 3))
    negative = generator.random((4, 6)) < 0.5
    positive = np.eye(4, 6, k=2, dtype=bool)
    negative &= ~positive
    losses = []
    for i in range(4):
        e = np.exp(others @ anchors[i] / 0.3)
        losses.append(-np.log(e[i + 2] / (e[i + 2] + e[negative[i]].sum())))
    tensors = (torch.tensor(array) for array in (anchors, others, positive, negative))
    assert info_nce_loss(*tensors, temperature=0.3).item() == pytest.approx(np.mean(losses))


def test_loss_has_a_finite_gradient_for_equal_points():
    z = torch.zeros(4, 2, requires_grad=True)
    positive = torch.eye(4).roll(1, 0).bool()
    contrastive_loss(z, z, positive, ~positive & ~torch.eye(4).bool(), 1.0).backward()
    assert torch.isfinite(z.grad).all()


def test_negatives_exclude_self_and_neighbours(blob_graph, cpu):
    adjacent = blob_graph.toarray() > 0
    row, column = np.nonzero(adjacent)
    ends = torch.from_numpy(np.stack([row, column])[:, ::17])
    positive, negative = pair_masks(ends, Neighbourhoods(blob_graph, cpu))
    points = ends.reshape(-1).tolist()
    assert positive.shape == negative.shape == (len(points) // 2, len(points))
    for i, anchor in enumerate(ends[0].tolist()):
        assert np.flatnonzero(positive[i]).tolist() == [len(points) // 2 + i]
        for j, point in enumerate(points):
            assert negative[i, j].item() == (point != anchor and not adjacent[anchor, point])


def test_points_that_are_told_to_belong_together_are_no_negatives(
    blobs, blob_graph, settings, cpu, monkeypatch
):
    labels = np.where(np.arange(180) % 2, np.repeat(np.arange(3), 60), -1)
    labels[:3] = -1
    told = Supervision(labels, must_link=np.array([[0, 1], [1, 2]]))
    graph, seen = with_supervision(blob_graph, told, 0), []

    def spy(ends, neighbourhoods):
        seen.append((ends.numpy(), pair_masks(ends, neighbourhoods)[1].numpy()))
        return pair_masks(ends, neighbourhoods)

    monkeypatch.setattr("spectralnet.metric.siamese.pair_masks", spy)
    params = settings.siamese.model_copy(update={"epochs": 1, "steps_per_epoch": 2, "channels": []})
    options = AffinityOptions(settings.graph, params, 0, cpu)
    siamese(PointsInSpace(blobs, blobs, MLP([4]), supervision=told), options, graph)
    together = (labels[:, None] == labels) & (labels >= 0)
    together[:3, :3] = True
    np.fill_diagonal(together, True)
    expected = ~(together | (graph.toarray() > 0))
    for ends, negative in seen:
        np.testing.assert_array_equal(negative, expected[ends[0]][:, ends.reshape(-1)])
    assert (graph.toarray() == 0)[together].sum() > 180  # which the graph alone does not tell


def test_positives_are_confirmed_edges_and_no_neighbour_is_a_negative(
    blobs, blob_graph, settings, cpu, monkeypatch
):
    side = np.arange(len(blobs)) % 2
    confirmed = csr_array(blob_graph.multiply(side[:, None] == side))
    seen = []

    def spy(ends, neighbourhoods):
        masks = pair_masks(ends, neighbourhoods)
        seen.append((ends.numpy(), masks[1].numpy()))
        return masks

    monkeypatch.setattr("spectralnet.metric.siamese.pair_masks", spy)
    params = settings.siamese.model_copy(update={"epochs": 1})
    train_siamese(blobs, blob_graph, params, seed=0, device=cpu, confirmed=confirmed)
    assert len(seen) > params.steps_per_epoch  # and the held-out pairs
    for ends, negative in seen:
        assert (confirmed[ends[0], ends[1]] > 0).all()
        assert not (negative & (blob_graph[ends[0]][:, ends.reshape(-1)].toarray() > 0)).any()


@pytest.mark.parametrize("loss", ["infonce", "contrastive"])
def test_the_learned_metric_tells_neighbours_from_others(blobs, blob_graph, settings, cpu, loss):
    params = settings.siamese.model_copy(update={"loss": loss})
    net, history = train_siamese(blobs, blob_graph, params, seed=0, device=cpu)
    assert history["held_out_loss"].iloc[-1] < 0.97 * history["held_out_loss"].iloc[0]
    z = map_in_chunks(net, blobs, cpu)
    distance = np.linalg.norm(z[:, None] - z[None], axis=2)
    assert np.average(distance, weights=blob_graph.toarray()) < 0.5 * distance.mean()


def test_the_metric_learns_to_ignore_random_changes(settings, cpu):
    """Moved by two pixels, a bar stays near itself only if the net was shown such moves."""
    generator = np.random.default_rng(0)
    images = np.zeros((300, 12, 12), dtype=np.float32)
    for i, image in enumerate(images):
        row, column = generator.integers(3, 8, 2)
        image[row, column - 3 : column + 3] = i % 2
        image[row - 3 : row + 3, column] += 1 - i % 2
    x, moved = images.reshape(300, -1), np.roll(images, 2, axis=1).reshape(300, -1)
    graph_params = settings.graph.model_copy(update={"n_neighbours": 5, "scale_neighbour": 3})
    graph = affinity_graph(nearest_neighbours(x, 5), graph_params)
    params = settings.siamese.model_copy(update={"channels": [8, 8], "epochs": 8})
    shifts = AffineParams(rotation=0, shift=0.2, scale=0, shear=0)
    ratios = []
    for augment in (None, RandomAffine((12, 12), shifts)):
        net, _ = train_siamese(
            x, graph, params, seed=0, device=cpu, image_shape=(12, 12), augment=augment
        )
        assert isinstance(net, ConvNet)
        z, z_moved = map_in_chunks(net, x, cpu), map_in_chunks(net, moved, cpu)
        to_others = np.linalg.norm(z[:, None] - z[None], axis=2).mean()
        ratios.append(np.linalg.norm(z - z_moved, axis=1).mean() / to_others)
    assert ratios[1] < 0.5 * ratios[0]
