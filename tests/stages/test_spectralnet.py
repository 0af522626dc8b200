from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from spectralnet.artifacts import save_graph, save_json, save_matrix
from spectralnet.config.defaults import default_settings
from spectralnet.errors import ParameterError
from spectralnet.graph.supervision import Supervision
from spectralnet.nets.blocks import MLP
from spectralnet.nets.saved import save_net
from stages.affinity import read_points
from stages.graph import graph
from stages.method import method, register_model
from stages.spectralnet import spectralnet


@pytest.mark.parametrize(
    ("n_clusters", "n_components", "message"),
    [(4, 3, "n_clusters = 4, but"), (3, 4, "spectralnet.n_components = 4, but")],
)
def test_equal_points_are_refused_though_prepare_may_come_from_the_cache(
    tmp_path, n_clusters, n_components, message
):
    save_matrix(tmp_path / "matrix", np.eye(3, dtype=np.float32).repeat(10, axis=0))
    for net in ("encoder", "embedder"):
        save_net(tmp_path, net, MLP([3]))
    settings = default_settings(30, n_clusters, {"spectralnet": {"n_components": n_components}})
    params, cpu = SimpleNamespace(seed=0), torch.device("cpu")
    stage = SimpleNamespace(name="dec", settings=settings, params=params, device=cpu)
    for run, folders in ((spectralnet, [tmp_path, tmp_path]), (method, [tmp_path, []])):
        with pytest.raises(ParameterError, match=f"{message} there are 3 distinct points"):
            run(stage, *folders, tmp_path)


@pytest.mark.parametrize(
    ("affinity", "sampler", "message"),
    [
        ("precomputed", "edges", "affinity = precomputed: labels and pairs are told to"),
        ("euclidean", "batch", "sampler = batch makes affinities of its own, which labels"),
    ],
)
def test_pairs_are_refused_where_they_do_not_reach_though_prepare_may_come_from_the_cache(
    tmp_path, affinity, sampler, message
):
    save_matrix(tmp_path / "matrix", np.eye(30, dtype=np.float32))
    for net in ("encoder", "embedder"):
        save_net(tmp_path, net, MLP([30]))
    Supervision(np.full(30, -1), must_link=np.array([[0, 1]])).save(tmp_path / "supervision")
    settings = default_settings(30, 3, {"spectralnet": {"sampler": sampler}})
    stage = SimpleNamespace(settings=settings, params=SimpleNamespace(affinity=affinity))
    for run, others in ((graph, [tmp_path]), (read_points, []), (spectralnet, [tmp_path])):
        with pytest.raises(ParameterError, match=message):
            run(stage, tmp_path, tmp_path, *others)


@pytest.mark.parametrize(("n_clusters", "asked"), [("auto", (3, 5)), ([2, 4], (3, 4))])
def test_no_fewer_clusters_are_chosen_than_labels_are_known(
    tmp_path, monkeypatch, n_clusters, asked
):
    def stopped(*arguments, **others):
        assert arguments[4] == asked
        raise KeyboardInterrupt

    save_matrix(tmp_path / "matrix", np.eye(60, dtype=np.float32))
    for net in ("encoder", "embedder"):
        save_net(tmp_path, net, MLP([60]))
    save_graph(tmp_path / "graph.npz", csr_array(np.eye(60)))
    Supervision(np.arange(60) % 4 - 1).save(tmp_path / "supervision")
    monkeypatch.setattr("stages.spectralnet.train_spectralnet", stopped)
    stage = SimpleNamespace(
        settings=default_settings(60, 3).model_copy(update={"n_clusters": n_clusters}),
        params=SimpleNamespace(seed=0, affinity="euclidean", graph_is_given=False),
        device=torch.device("cpu"),
        checkpoint=lambda *inputs: None,
    )
    with pytest.raises(KeyboardInterrupt):
        spectralnet(stage, tmp_path, tmp_path, tmp_path / "model")


@pytest.mark.parametrize("n_clusters", ["auto", [2, 6]])
def test_other_methods_ask_for_a_number_of_clusters(tmp_path, n_clusters):
    settings = default_settings(30, 3).model_copy(update={"n_clusters": n_clusters})
    params = SimpleNamespace(dataset="digits")
    stage = SimpleNamespace(name="dec", settings=settings, params=params)
    with pytest.raises(
        ParameterError, match=r"digits.n_clusters = .*: in the pipeline, SpectralNet alone"
    ):
        method(stage, tmp_path, [], tmp_path)


@pytest.mark.parametrize(("reads_graph", "n_labels"), [(True, 6), (False, 0)])
def test_a_card_counts_the_labels_that_a_methods_graph_was_told(
    tmp_path, monkeypatch, reads_graph, n_labels
):
    monkeypatch.setattr("stages.method.copy_preparation", lambda *folders: None)
    about = {"dataset": "x", "n": 9, "n_held_out": 0, "n_features": 2, "n_known_labels": 6}
    save_json(tmp_path / "about.json", about | {"sha256": "ab", "licence": "none"})
    save_json(tmp_path / "model/metrics.json", {"n_clusters": 3})
    sent = {}
    stage = SimpleNamespace(
        method="toy",
        params=SimpleNamespace(
            dataset="x", flat=lambda method: {"n_clusters": 3}, variant=lambda method: ""
        ),
        run=SimpleNamespace(send=lambda how, files, **what: sent.update(what)),
    )
    register_model(stage, tmp_path, tmp_path / "model", reads_graph)
    assert f"{n_labels} labels" in sent["card"]


def test_a_graph_in_pieces_is_warned_of_before_the_training(tmp_path, monkeypatch):
    def stopped(*arguments, **others):
        raise KeyboardInterrupt

    save_matrix(tmp_path / "matrix", np.eye(30, dtype=np.float32))
    for net in ("encoder", "embedder"):
        save_net(tmp_path, net, MLP([30]))
    save_graph(tmp_path / "graph.npz", csr_array(np.eye(30)))
    Supervision(np.full(30, -1)).save(tmp_path / "supervision")
    monkeypatch.setattr("spectralnet.methods.spectralnet.train_spectral_map", stopped)
    stage = SimpleNamespace(
        settings=default_settings(30, 3),
        params=SimpleNamespace(seed=0, affinity="euclidean", graph_is_given=False),
        device=torch.device("cpu"),
        checkpoint=lambda *inputs: None,
    )
    with (
        pytest.warns(UserWarning, match="with 30 connected components, the first 4 eigenvectors"),
        pytest.raises(KeyboardInterrupt),
    ):
        spectralnet(stage, tmp_path, tmp_path, tmp_path / "model")
