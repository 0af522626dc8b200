import warnings

import numpy as np
import pytest
import torch
import toys
from sklearn.datasets import make_blobs

from benchmarks.shapes import chains
from spectralnet import SpectralNet
from spectralnet.clusters.kmeans import fit_centroids, nearest_centroid, unit_rows
from spectralnet.clusters.scores import accuracy
from spectralnet.data.sets.subsets import choose_known
from spectralnet.graph.affinity import affinity_graph, degrees
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.graph.supervision import Supervision, with_supervision
from spectralnet.methods.affinities import connect
from spectralnet.nets.batches import hold_out
from spectralnet.nets.devices import map_in_chunks, seeded
from spectralnet.spectral import eigenvector_sampler
from spectralnet.spectral.exact import exact_eigenvectors
from spectralnet.spectral.laplacian import squared_grassmann_distance
from spectralnet.spectral.map import SpectralMap
from spectralnet.spectral.training import NEAR, train_spectral_map


@pytest.fixture
def toy_settings(settings):
    graph = settings.graph.model_copy(
        update={"n_neighbours": 30, "scale": "global", "scale_neighbour": 10, "overlap": 0}
    )
    # Narrower and shorter than the default: two eigenvectors of points in the plane need no more.
    short = {"hidden": [64, 64], "landmarks": 256, "epochs": 20, "steps_per_epoch": 40}
    spectralnet = settings.spectralnet.model_copy(
        update={"n_components": 2, "learning_rate": 0.01, **short}
    )
    return graph, spectralnet


def learn(points, graph_params, params, seed, device):
    neighbours = nearest_neighbours(points, graph_params.n_neighbours)
    graph = affinity_graph(neighbours, graph_params)
    spectral_map, eigenvalues, *_ = train_spectral_map(
        points, graph, params, graph_params, seed=seed, device=device
    )
    return graph, spectral_map, eigenvalues


@pytest.mark.parametrize("toy", [toys.two_moons, toys.nested_cs])
def test_toys_are_clustered_and_so_are_new_points(toy, toy_settings, cpu):
    points, labels = toy(n=1500)
    graph, spectral_map, eigenvalues = learn(points, *toy_settings, 0, cpu)
    y = map_in_chunks(spectral_map, points, cpu)
    centroids = fit_centroids(unit_rows(y), 2, 0)
    assert accuracy(labels, nearest_centroid(unit_rows(y), centroids)) >= 0.99
    new_points, new_labels = toy(n=1500, seed=100)
    new_y = map_in_chunks(spectral_map, new_points, cpu)
    assert accuracy(new_labels, nearest_centroid(unit_rows(new_y), centroids)) >= 0.99

    degree = degrees(graph)
    moment = (y * degree[:, None]).T @ y / degree.sum()
    np.testing.assert_allclose(moment, np.eye(2), atol=1e-4)
    exact, exact_values = exact_eigenvectors(graph, 2)
    assert squared_grassmann_distance(y, exact, degree) < 0.05
    np.testing.assert_allclose(eigenvalues, exact_values, atol=3e-4)
    assert (eigenvalues >= exact_values - 1e-9).all()


def test_a_few_labels_mend_what_noise_merges(toy_settings, cpu):
    """The paper's nested C's with heavy noise: even Bayes' rule errs on 2 % of the points."""
    graph_params = toy_settings[0].model_copy(update={"overlap": 2})
    changes = {"epochs": 25, "learning_rate": 0.003}
    params = toy_settings[1].model_copy(update=changes)
    points, labels = toys.nested_cs(n=1900, noise=0.175, seed=1)
    neighbours = nearest_neighbours(points, graph_params.n_neighbours)
    unsupervised = affinity_graph(neighbours, graph_params)
    told = with_supervision(unsupervised, Supervision(choose_known(labels, 0.02, 1)), seed=1)
    net = train_spectral_map(points, told, params, graph_params, seed=1, device=cpu)[0]
    scores = []
    for embedding in (exact_eigenvectors(unsupervised, 2)[0], map_in_chunks(net, points, cpu)):
        y = unit_rows(embedding)
        scores.append(accuracy(labels, nearest_centroid(y, fit_centroids(y, 2, seed=1))))
    assert scores[0] < 0.9
    assert scores[1] >= 0.965


def test_the_papers_batches_cluster_two_moons(toy_settings, cpu):
    graph_params, params = toy_settings
    graph_params = graph_params.model_copy(update={"n_neighbours": 5, "scale_neighbour": 2})
    params = params.model_copy(update={"sampler": "batch", "epochs": 5})
    points, labels = toys.two_moons(n=2000)
    _, spectral_map, _ = learn(points, graph_params, params, 0, cpu)
    y = map_in_chunks(spectral_map, points, cpu)
    np.testing.assert_allclose(y.T @ y / len(y), np.eye(2), atol=1e-4)
    assert accuracy(labels, nearest_centroid(y, fit_centroids(y, 2, 0))) >= 0.99


def test_the_same_seed_gives_the_same_map(toy_settings, cpu):
    graph_params, params = toy_settings
    params = params.model_copy(update={"epochs": 2, "steps_per_epoch": 5})
    points, _ = toys.two_moons(n=300)
    first, second, other = (
        map_in_chunks(learn(points, graph_params, params, seed, cpu)[1], points, cpu)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, other)


@pytest.mark.parametrize(("size", "gap"), [(1, 1000), (2, 10_000)])
def test_two_spots_far_apart_are_two_clusters(size, gap):
    """What the net can tell apart is less than n_components: the rest of them is left 0."""
    points = np.random.default_rng(0).normal(size=(400, size))
    points[200:, 0] += gap
    short = {"hidden": [64, 64], "epochs": 10, "steps_per_epoch": 40, "landmarks": 0}
    model = SpectralNet(2, spectralnet=short, random_state=0)
    with pytest.warns(UserWarning, match=r"tells \d of 8 eigenvectors apart"):
        model.fit(points)
    assert len(np.unique(model.labels_[:200])) == len(np.unique(model.labels_[200:])) == 1
    assert model.labels_[0] != model.labels_[-1]
    assert (np.diff(model.eigenvalues_) >= 0).all()
    far = model.eigenvalues_ == model.eigenvalues_[-1]
    assert not model.embedding_[:, far][:, 1:].any()


@pytest.mark.parametrize(("k", "gap", "better"), [(3, 0, 256), (2, 10_000, 0)])
def test_the_net_is_kept_whose_leading_eigenvalues_sum_to_less(settings, cpu, k, gap, better):
    """Three waved lines ask for landmarks; two spots far apart are split better without."""
    if gap:
        points = np.random.default_rng(0).normal(size=(400, 2)).astype(np.float32)
        points[200:, 0] += gap
    else:
        points = chains(0)[0]
    graph, _ = connect(points, settings.graph, 0)
    short = {"n_components": 8, "hidden": [64, 64], "epochs": 6, "steps_per_epoch": 40}
    short, found = short | {"sampler": "edges"}, {}
    for landmarks in (0, 256, "auto"):
        params = settings.spectralnet.model_copy(update=short | {"landmarks": landmarks})
        with warnings.catch_warnings(action="ignore"):  # of eigenvectors not told apart
            found[landmarks] = train_spectral_map(
                points, graph, params, settings.graph, n_leading=k, seed=0, device=cpu
            )
    leading = {landmarks: trained.eigenvalues[:k].sum() for landmarks, trained in found.items()}
    assert leading["auto"] == leading[better] < leading[256 - better]
    assert found["auto"].spectral_map.n_landmarks == better


def test_an_outlier_that_no_gradient_saw_costs_no_eigenvector(settings, cpu):
    """Seed 0 would hold out row 0, on which the net's outputs then are of any size."""
    x = make_blobs(300, 4, centers=3, random_state=0)[0].astype(np.float32)
    x[0] = 1e6
    params = settings.graph.model_copy(update={"n_neighbours": 20})
    graph, _ = connect(x, params, 0)
    changes = {"n_components": 9, "landmarks": 256, "hidden": [64, 64], "epochs": 6}
    short = settings.spectralnet.model_copy(update=changes | {"steps_per_epoch": 40})
    assert hold_out(len(x), short.held_out, seed=0)[0]
    eigenvalues = train_spectral_map(x, graph, short, params, seed=0, device=cpu)[1]
    np.testing.assert_allclose(eigenvalues[:3], exact_eigenvectors(graph, 3)[1], atol=6e-3)


def small_groups(n):
    """Three normal groups of n, and three of 20 points near them: eigenvectors that few tell."""
    places = 9 * np.random.default_rng(0).normal(size=(6, 20))
    x, _ = make_blobs([n, n, n, 20, 20, 20], centers=places, cluster_std=4, random_state=0)
    return x.astype(np.float32)


def test_auto_fits_exact_eigenvectors_first_and_keeps_what_is_nearer(settings, cpu):
    x, params = small_groups(300), settings.graph
    graph, _ = connect(x, params, 0)
    changes = {"n_components": 6, "hidden": [128, 128], "steps_per_epoch": 50}
    found = {}
    for sampler, epochs in (("edges", 12), ("eigenvectors", 9), ("auto", 12)):
        part = settings.spectralnet.model_copy(
            update=changes | {"sampler": sampler, "epochs": epochs}
        )
        found[sampler] = train_spectral_map(x, graph, part, params, seed=0, device=cpu)
    sums = {sampler: trained.eigenvalues.sum() for sampler, trained in found.items()}
    assert exact_eigenvectors(graph, 6)[1].sum() < sums["auto"] <= sums["eigenvectors"]
    assert sums["auto"] < 0.8 * sums["edges"]


@pytest.mark.parametrize("limit", ["QUICK", "MOST_POINTS"])
def test_where_eigenvectors_take_long_auto_is_edges(limit, settings, cpu, monkeypatch):
    monkeypatch.setattr(eigenvector_sampler, limit, 1000)
    x = small_groups(350)
    graph, _ = connect(x, settings.graph, 0)
    found = {}
    for sampler in ("auto", "edges"):
        changes = {"epochs": 2, "steps_per_epoch": 5, "sampler": sampler, "n_components": 6}
        params = settings.spectralnet.model_copy(update=changes)
        found[sampler] = train_spectral_map(x, graph, params, settings.graph, seed=0, device=cpu)
    np.testing.assert_array_equal(found["auto"].eigenvalues, found["edges"].eigenvalues)


@pytest.mark.parametrize(
    ("changes", "curves"),
    [
        ({"epochs": 8}, {"eigenvectors": 6, "spectralnet": 2}),
        ({"epochs": 1}, {"spectralnet": 1}),
        # At this rate squares diverge.
        ({"epochs": 8, "optimiser": "sgd", "learning_rate": 0.2}, {"spectralnet": 8}),
    ],
)
def test_the_curves_of_both_parts_are_kept(changes, curves):
    x, labels = make_blobs(120, 4, centers=3, random_state=0)
    short = {"steps_per_epoch": 20, "hidden": [64, 64], **changes}
    model = SpectralNet(3, spectralnet=short, random_state=0).fit(x)
    assert {name: len(history) for name, history in model.history_.items()} == curves
    assert accuracy(labels, model.labels_) == 1


def test_a_net_near_exact_eigenvectors_is_trained_no_longer(settings, cpu):
    x, _ = make_blobs(300, 2, centers=[(0, 0), (6, 0), (0, 6)], random_state=0)
    graph, _ = connect(x.astype(np.float32), settings.graph, 0)
    params = settings.spectralnet.model_copy(update={"n_components": 4})
    trained = train_spectral_map(
        x.astype(np.float32), graph, params, settings.graph, seed=0, device=cpu
    )
    assert trained.is_near
    assert len(trained.fitting) < 0.75 * params.epochs
    assert len(trained.history) == 1
    embedding = map_in_chunks(trained.spectral_map, x.astype(np.float32), cpu)
    exact, _ = exact_eigenvectors(graph, 4)
    assert squared_grassmann_distance(embedding, exact, degrees(graph)) < 2 * 4 * NEAR


def heavier_at(graph, nodes):
    """The same edges, those that touch some nodes with other weights."""
    edges = graph.tocoo()
    touched = nodes[edges.row] | nodes[edges.col]
    edges.data = np.where(touched, edges.data * (1 + edges.row + edges.col), edges.data)
    return edges.tocsr()


def test_early_stopping_sees_the_edges_that_training_does_not(blobs, blob_graph, settings, cpu):
    changes = {"epochs": 2, "steps_per_epoch": 5, "sampler": "edges"}
    params = settings.spectralnet.model_copy(update=changes)
    other = heavier_at(blob_graph, hold_out(len(blobs), params.held_out, seed=0))
    history, changed = (
        train_spectral_map(blobs, graph, params, settings.graph, seed=0, device=cpu)[2]
        for graph in (blob_graph, other)
    )
    assert history["loss"].tolist() == changed["loss"].tolist()
    assert history["held_out_loss"][0] != changed["held_out_loss"][0]


def test_the_net_sees_standardised_inputs(blobs):
    outputs = []
    for x in (blobs, 1000 * blobs + 500):
        with seeded(0):
            net = SpectralMap([4, 8, 3])
        net.standardise.fit(x)
        outputs.append(net.outputs(torch.from_numpy(x)).detach().numpy())
    np.testing.assert_allclose(outputs[0], outputs[1], atol=1e-3)
    assert outputs[0].std() > 0.01


def test_a_continued_net_starts_where_the_former_one_is_and_leaves_it_so(blobs):
    with seeded(0):
        former = SpectralMap([4, 8, 3])
    former.standardise.fit(blobs)
    x = torch.from_numpy(blobs)
    before = former.outputs(x)
    wider = former.continued(5, 0)
    assert wider.outputs(x).shape == (len(x), 5)
    torch.testing.assert_close(wider.outputs(x)[:, :3], before)
    with torch.no_grad():
        wider.mlp[0].weight += 1
    torch.testing.assert_close(former.outputs(x), before)
    assert former.continued(2, 0).mlp.sizes == [4, 8, 3]
