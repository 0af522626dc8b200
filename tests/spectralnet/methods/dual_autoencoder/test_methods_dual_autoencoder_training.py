from copy import deepcopy

import numpy as np
import pytest
from sklearn.datasets import load_digits

from spectralnet.clusters.scores import accuracy
from spectralnet.methods.dual_autoencoder.net import DualAutoencoderNet, train_dual_autoencoder
from spectralnet.methods.dual_autoencoder.training import (
    cluster_codes,
    fine_tune,
    train_dual_autoencoder_network,
)
from spectralnet.methods.model import ClusterModel
from spectralnet.nets.batches import hold_out
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.devices import map_in_chunks
from spectralnet.spectral.laplacian import rayleigh_ritz


@pytest.fixture
def spectral_params(settings):
    short = {"hidden": [64, 64], "landmarks": 0, "epochs": 5, "steps_per_epoch": 40}
    return settings.spectralnet.model_copy(update={"n_components": 4, **short})


@pytest.fixture(scope="module")
def digits():
    images, labels = load_digits(return_X_y=True)
    few = np.flatnonzero(np.isin(labels, [0, 4, 6]))
    return (images[few] / 16).astype(np.float32), labels[few]


def test_three_digits_are_told_apart(
    digits, dual_params, graph_params, spectral_params, cpu, tmp_path
):
    x, labels = digits
    weights = {"global_information": 1.0, "local_information": 1.0}
    params = dual_params.model_copy(update={"epochs": 12, **weights})
    graph = graph_params.model_copy(update={"n_neighbours": 10, "overlap": 1})
    spectral = spectral_params.model_copy(update={"n_components": 6})
    checkpoint = Checkpoint(tmp_path / "part" / "training.pt")

    def train(n):
        return train_dual_autoencoder_network(
            x[:n], (8, 8), 3, params, graph, spectral,
            seed=0, device=cpu, checkpoint=checkpoint,
        )  # fmt: skip

    result, history = train(450)
    assert accuracy(labels[:450], result.assigned.clusters) > 0.95
    assert accuracy(labels[450:], result.model.predict(x[450:])) > 0.9
    np.testing.assert_array_equal(result.model.predict(x[:450]), result.assigned.clusters)
    assert history["phase"].unique().tolist() == [
        "autoencoder",
        "spectral",
        "joint",
        "spectral_again",
    ]

    result.model.save(tmp_path)
    np.testing.assert_array_equal(ClusterModel.load(tmp_path).predict(x), result.model.predict(x))
    again, history_again = train(450)  # nothing is left to train
    np.testing.assert_array_equal(again.assigned.clusters, result.assigned.clusters)
    assert history_again["seconds"].tolist() == history["seconds"].tolist()
    checkpoint.discard()
    assert list(checkpoint.path.parent.iterdir()) == []


def test_the_prior_of_a_code_is_its_clusters(
    digits, dual_params, graph_params, spectral_params, cpu, monkeypatch
):
    x = digits[0]
    params = dual_params.model_copy(update={"epochs": 2})
    net, _ = train_dual_autoencoder(x, (8, 8), params, seed=0, device=cpu)
    coded = cluster_codes(net.encoder, x, 3, graph_params, spectral_params, seed=0, device=cpu)
    clusters, codes = coded.clusters.assigned.clusters, map_in_chunks(net.encoder, x, cpu)
    seen, losses = [], DualAutoencoderNet.losses

    def spy(self, points, encoded, noise, centres):
        found = losses(self, points, encoded, noise, centres)
        seen.append((points.numpy(), centres.detach().clone(), found["reconstruction"].item()))
        return found

    monkeypatch.setattr(DualAutoencoderNet, "losses", spy)
    fine_tune(net, coded, x, seed=0, device=cpu)
    which = {point.tobytes(): i for i, point in enumerate(x)}
    means = np.stack([codes[clusters == y].mean(axis=0) for y in range(3)])
    points, centres, reconstruction = seen[0]
    of_points = clusters[[which[point.tobytes()] for point in points]]
    np.testing.assert_allclose(centres, means[of_points], atol=1e-5)
    last_points, last, last_reconstruction = seen[-1]
    of_points = clusters[[which[point.tobytes()] for point in last_points]]
    assert abs(last.numpy() - means[of_points]).max() > 1e-3  # the means are trained
    assert last_reconstruction < reconstruction


def test_fine_tuning_draws_clusters_together(
    digits, dual_params, graph_params, spectral_params, cpu
):
    x = digits[0]
    joint = dual_params.joint.model_copy(update={"epochs": 8, "spectral": 50.0})
    params = dual_params.model_copy(update={"epochs": 4, "joint": joint})
    net, _ = train_dual_autoencoder(x, (8, 8), params, seed=0, device=cpu)
    # Of a map that has some way to go: minibatches of 64 points lead none beyond their noise.
    begun = spectral_params.model_copy(update={"epochs": 1})
    coded = cluster_codes(net.encoder, x, 3, graph_params, begun, seed=0, device=cpu)
    same = coded.clusters.assigned.clusters[:, None] == coded.clusters.assigned.clusters

    def spread_and_quotient():
        codes = map_in_chunks(net.encoder, x, cpu)
        distance = np.linalg.norm(codes[:, None] - codes[None], axis=2)
        outputs = map_in_chunks(coded.clusters.model.spectral_map, codes, cpu)
        eigenvalues = rayleigh_ritz(outputs, coded.graph)[1]
        return distance[same].mean() / distance.mean(), eigenvalues.sum()

    spread, quotient = spread_and_quotient()
    history = fine_tune(net, coded, x, seed=0, device=cpu)
    tuned_spread, tuned_quotient = spread_and_quotient()
    assert tuned_spread < 0.97 * spread
    assert tuned_quotient < quotient
    assert history["held_out_loss"].min() < history["held_out_loss"].iloc[0]


def test_the_joint_phase_stops_by_edges_that_it_is_not_trained_on(
    blobs, dual_params, graph_params, spectral_params, cpu
):
    joint = dual_params.joint.model_copy(update={"epochs": 2, "steps_per_epoch": 5})
    params = dual_params.model_copy(update={"epochs": 1, "joint": joint})
    net, _ = train_dual_autoencoder(blobs, None, params, seed=0, device=cpu)
    few = spectral_params.model_copy(update={"epochs": 1, "steps_per_epoch": 5})
    coded = cluster_codes(net.encoder, blobs, 3, graph_params, few, seed=0, device=cpu)
    unseen = hold_out(len(blobs), joint.held_out, seed=0)
    edges = coded.graph.tocoo()
    touched = unseen[edges.row] | unseen[edges.col]
    edges.data = np.where(touched, edges.data * (1 + edges.row + edges.col), edges.data)
    history, changed = (
        fine_tune(*deepcopy((net, coded._replace(graph=graph))), blobs, seed=0, device=cpu)
        for graph in (coded.graph, edges.tocsr())
    )
    assert history["loss"].tolist() == changed["loss"].tolist()
    assert history["held_out_loss"][0] != changed["held_out_loss"][0]
