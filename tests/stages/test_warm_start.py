"""The pipeline goes on from a former model."""

import json
import re
import shutil
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from clones import Clone, executed
from mlflow.tracking import MlflowClient
from scipy.sparse import csr_array
from sklearn.datasets import load_digits

from spectralnet import SpectralNet
from spectralnet.artifacts import load_array, load_matrix, save_json, save_matrix
from spectralnet.config.defaults import default_settings
from spectralnet.errors import ParameterError
from spectralnet.graph.supervision import Supervision
from spectralnet.methods.growing.former import Former, save_former
from spectralnet.nets.blocks import MLP
from spectralnet.nets.devices import map_in_chunks
from spectralnet.nets.saved import load_net, save_net
from spectralnet.report.explorer import DISTANCE
from stages.affinity import affinity
from stages.autoencoder import autoencoder
from stages.settings import check_warm_start
from stages.space import space

QUICK = {"hidden": [32], "epochs": 4, "steps_per_epoch": 10, "n_components": 8}


@pytest.fixture(scope="module")
def digits():
    """Not quite whole numbers: of neighbours equally far the graph takes any."""
    rows = load_digits().data[:300]
    return rows + np.random.default_rng(0).normal(0, 0.01, rows.shape)


@pytest.mark.xdist_group("second clone")
def test_the_pipeline_goes_on_as_partial_fit_does(tmp_path, warm, digits):
    clone = Clone(tmp_path, warm)
    model = SpectralNet(6, spectralnet=QUICK, random_state=0).fit(digits[:200])
    model.save(clone.root / "data/own/former")
    vectors = pd.DataFrame({"vector": list(digits)})
    vectors["text"] = [f"digit {i}, <of> 300" for i in range(300)]
    vectors.to_parquet(clone.root / "data/own/x.parquet")
    changes = {
        "dataset": "own",
        "affinity": "euclidean",
        "exact": "never",
        "limit": "null",
        "own.path": "data/own/x.parquet",
        "own.show": "text",
        "own.n_clusters": 6,
        "own.warm_start": "data/own/former",
        **{f"own.spectralnet.{name}": value for name, value in QUICK.items()},
    }
    ran = clone.experiment("grown", **changes)
    assert ran == {"settings", "prepare", "space", "graph", "spectralnet", "evaluate"}
    grown = clone.root / "artifacts/own/auto/euclidean/model"
    model.partial_fit(digits[200:])
    np.testing.assert_array_equal(load_array(grown / "clusters.npy"), model.labels_)
    table = pd.read_csv(clone.root / "results/clusters.csv")
    np.testing.assert_array_equal(table["cluster"], model.labels_)
    page = (clone.root / "results/explore.html").read_text()
    offered = re.findall(r'<option value="\d">(.*?)<', page)
    assert offered == ["cluster", DISTANCE, "probability", "outlier score"]
    described = json.loads((clone.root / "results/description.json").read_text())
    for cluster in described:  # what is shown, and no feature, beside its samples
        for row in cluster["nearest"]:
            assert f"<blockquote>digit {row}, &lt;of&gt; 300 <" in page
    metrics = clone.metrics()
    told = {name: metrics[name] for name in ("n_former", "n_moved", "n_novel")}
    assert told == {"n_former": 200, "n_moved": model.n_moved_, "n_novel": model.novel_.sum()}
    assert metrics["rayleigh_ratio"] == pytest.approx(model.rayleigh_ratio_, rel=1e-4)
    client = MlflowClient(f"sqlite:///{clone.root / 'mlflow.db'}")
    assert client.get_model_version_by_alias("spectralnet-own", "auto-euclidean-warm")
    experiment = client.get_experiment_by_name("spectralnet")
    runs = client.search_runs([experiment.experiment_id], f"metrics.n_moved = {model.n_moved_}")
    assert {run.data.tags["stage"] for run in runs} >= {"pipeline", "spectralnet"}

    former = "data/own/former"
    assert f"path: {former}" in (clone.root / "dvc.lock").read_text()
    shutil.rmtree(clone.root / former)
    shutil.copytree(grown, clone.root / former)  # the pipeline's own: it is noticed, and read
    done = clone.run("dvc", "repro")
    assert executed(done.stdout) == {"prepare"}, done.stdout
    assert "was fitted on 300 samples, and here are 300: add some" in done.stdout


def test_what_a_stage_writes_is_no_former_model():
    settings = SimpleNamespace(warm_start="artifacts/own/auto/euclidean/model")
    params = SimpleNamespace(settings=settings, dataset="own")
    with pytest.raises(ParameterError, match=r"own.warm_start = .* is what a stage writes: copy"):
        check_warm_start(params)


def stage_of(cpu, space, affinity):
    settings = default_settings(300, 4, {"graph": {"n_neighbours": 5}})
    params = SimpleNamespace(
        seed=0, space=space, affinity=affinity, augment="none", settings=settings
    )
    return SimpleNamespace(
        name="siamese", settings=settings, params=params, device=cpu, run=Mock(),
        augmentation=Mock(), checkpoint=Mock(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "asked", "other"),
    [
        ("code", ("code", "euclidean"), ("auto", "euclidean")),
        ("siamese", ("auto", "siamese"), ("auto", "euclidean")),
        ("lsa", ("auto", "euclidean"), ("auto", "siamese")),
    ],
)
def test_nets_of_the_former_model_are_taken_and_none_is_trained(
    tmp_path, digits, cpu, kind, asked, other
):
    short, x = {"epochs": 1}, digits
    changes = {"space": kind} if kind != "siamese" else {"affinity": kind}
    if kind == "lsa":
        random = np.random.default_rng(0)
        x, changes["metric"] = csr_array(random.random((300, 120)) < 0.1, dtype=float), "cosine"
    model = SpectralNet(
        4, spectralnet=QUICK | short, autoencoder=short, siamese=short, random_state=0, **changes
    ).fit(x[:200])
    model.save(tmp_path / "saved")
    former, data = Former.load(tmp_path / "saved"), tmp_path / "data"
    save_former(data / "former", former)
    save_matrix(data / "matrix", former.preparation.transform(x))
    save_net(data, "encoder", MLP([x.shape[1]]))
    save_json(data / "about.json", {"image_shape": None})
    Supervision(np.full(300, -1)).save(data / "supervision")
    rows = load_matrix(data / "matrix")
    if kind == "siamese":
        work, folders = affinity, [data, data, tmp_path, tmp_path / "made"]
        affinity(stage_of(cpu, *asked), *folders)
        nets, name = former.model.embedder, "embedder"
    else:
        work, folders = autoencoder if kind == "code" else space, [data, tmp_path / kind / "made"]
        work(stage_of(cpu, *asked), *folders)
        nets, name = former.model.encoder, "encoder"
        expected = map_in_chunks(nets, rows, cpu)
        np.testing.assert_array_equal(load_matrix(folders[-1] / "matrix"), expected)
    found = load_net(folders[-1], name)
    assert len(found) > 0
    for one, same in zip(found.parameters(), nets.parameters(), strict=True):
        assert (one == same).all()
    with pytest.raises(ParameterError, match=r"but warm_start = .* names a model"):
        work(stage_of(cpu, *other), *folders)
