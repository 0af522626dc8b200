"""What the default leaves out: images changed at random, known labels, a part held out, other
methods, own data. In a clone of its own, so that it runs beside the tests of test_pipeline.py."""

import json
import re
import shutil
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
import torch
from clones import TINY, Clone, executed
from mlflow.tracking import MlflowClient
from scipy.sparse import csr_array
from sklearn.datasets import load_digits
from sklearn.neighbors import kneighbors_graph

from spectralnet.artifacts import (
    load_array,
    load_graph,
    load_matrix,
    save_array,
    save_graph,
)
from spectralnet.clusters.scores import scores
from spectralnet.config.reading import read_params
from spectralnet.errors import TrainingError
from spectralnet.methods.dec.model import DECModel
from spectralnet.methods.model import ClusterModel
from spectralnet.methods.predictor import Predictor
from spectralnet.metric.augmentation import RandomAffine
from spectralnet.metric.siamese import train_siamese
from spectralnet.nets.devices import map_in_chunks
from spectralnet.report.captions import CAPTIONS
from stages.common import Stage
from stages.evaluate import evaluate

pytestmark = pytest.mark.xdist_group("second clone")  # its experiments are run once


METHODS = ("dec", "kmeans", "spectral", "dual_autoencoder")


@pytest.fixture(scope="module")
def clone(tmp_path_factory, warm):
    return Clone(tmp_path_factory.mktemp("second"), warm)


@pytest.fixture(scope="module")
def augmented(clone):
    changes = {"space": "input", "augment": "affine", "labelled": 0.1, "fit_on": "train"}
    return clone.experiment("augmented", **TINY | changes)


def test_images_are_augmented_and_labels_known_where_asked_for(clone, augmented):
    assert augmented == {"settings", "prepare", "graph", "siamese", "spectralnet", "evaluate"}
    artifacts = clone.root / "artifacts/digits/input"
    known = load_array(artifacts / "features/supervision/known_labels.npy")
    labels = load_array(artifacts / "features/labels.npy")
    assert np.count_nonzero(known >= 0) == 24
    model = ClusterModel.load(artifacts / "siamese/model")
    assert model.embedder.config["kind"] == "conv"
    clusters = load_array(artifacts / "siamese/model/clusters.npy")
    told = known >= 0  # what was told is no achievement
    assert clone.metrics()["acc"] == pytest.approx(scores(labels[~told], clusters[~told])["acc"])
    assert_augmented(clone, model)
    graph = load_graph(artifacts / "euclidean/affinity/graph.npz").toarray()
    rows = np.flatnonzero(told)
    agree = known[rows][:, None] == known[rows]
    np.testing.assert_array_equal(graph[np.ix_(rows, rows)] > 0, agree & ~np.eye(24, dtype=bool))


def assert_augmented(clone, model):
    """The net is the one that learns from images changed at random, not the other."""
    settings, artifacts = (
        read_params(clone.root / "params.yaml").datasets["digits"],
        clone.root / "artifacts",
    )
    images = load_matrix(artifacts / "digits/input/features/matrix")
    graph = load_graph(artifacts / "digits/input/euclidean/affinity/graph.npz")
    cpu = torch.device("cpu")
    embeddings = [map_in_chunks(model.embedder, images, cpu)]
    for augment in (RandomAffine((8, 8), settings.affine), None):
        net, _ = train_siamese(
            images, graph, settings.siamese, seed=0, device=cpu, image_shape=(8, 8), augment=augment
        )
        embeddings.append(map_in_chunks(net, images, cpu))
    found, augmented, plain = embeddings
    assert np.abs(found - augmented).max() < 0.01 * np.abs(found - plain).max()


def test_held_out_points_are_scored(clone, augmented):
    artifacts = clone.root / "artifacts/digits"
    model = ClusterModel.load(artifacts / "input/siamese/model")
    clusters = model.predict(load_matrix(artifacts / "input/features/held_out_matrix"))
    labels = load_array(artifacts / "input/features/held_out_labels.npy")
    assert len(clusters) == 60
    assert clone.metrics()["acc_test"] == pytest.approx(scores(labels, clusters)["acc"])


def test_without_labels_the_label_free_part_is_reported(clone, augmented, tmp_path):
    artifacts = tmp_path / "digits"
    shutil.copytree(clone.root / "artifacts/digits", artifacts)
    for name in ("labels", "held_out_labels"):
        path = artifacts / f"input/features/{name}.npy"
        save_array(path, np.full_like(load_array(path), -1))
    folders = ["features", "features", "euclidean/affinity", "siamese/affinity", "siamese/model"]
    paths = [str(artifacts / "input" / folder) for folder in folders]
    done = clone.run("stages.evaluate", *paths, str(tmp_path / "results"))
    assert "no labels" in done.stdout, done.stdout
    metrics = json.loads((tmp_path / "results/metrics.json").read_text())
    assert {"grassmann", "agreement", "smallest_cluster", "components"} <= metrics.keys()
    assert not {"acc", "kmeans_acc", "acc_test"} & metrics.keys()
    pictures = {path.stem for path in (tmp_path / "results/pictures").iterdir()}
    assert pictures == CAPTIONS.keys() - {"terms", "confusion"}


def test_results_are_there_before_what_may_fail(clone, augmented, tmp_path, monkeypatch, cpu):
    def fail(*arguments):
        raise MemoryError

    artifacts = clone.root / "artifacts/digits/input"
    folders = ["features", "features", "euclidean/affinity", "siamese/affinity", "siamese/model"]
    stage = Stage("evaluate", read_params(clone.root / "params.yaml"), cpu, Mock())
    made = {}
    for name in ("_explain", "compare_with_exact"):
        monkeypatch.setattr(f"stages.evaluate.{name}", fail)
        with pytest.raises(MemoryError):
            evaluate(stage, *[artifacts / folder for folder in folders], tmp_path / name)
        made[name] = {path.name for path in (tmp_path / name).iterdir()}
    assert made["compare_with_exact"] == {"clusters.csv"}
    assert made["_explain"] == {"clusters.csv", "metrics.json"}


@pytest.mark.parametrize("exact", ["always", "never"])
def test_results_do_not_wait_for_exact_eigenvectors(
    clone, augmented, tmp_path, monkeypatch, cpu, capsys, exact
):
    def fail(*arguments):
        assert exact == "always"
        raise TrainingError("no convergence")

    def enough(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("stages.evaluate.compare_with_exact", fail)
    monkeypatch.setattr("stages.evaluate._explain", enough)
    artifacts = clone.root / "artifacts/digits/input"
    folders = ["features", "features", "euclidean/affinity", "siamese/affinity", "siamese/model"]
    params = read_params(clone.root / "params.yaml").model_copy(update={"exact": exact})
    stage = Stage("evaluate", params, cpu, Mock())
    with pytest.raises(KeyboardInterrupt):  # before all that is drawn
        evaluate(stage, *[artifacts / folder for folder in folders], tmp_path)
    assert (
        f"no comparison with exact spectral clustering (exact: {exact})" in capsys.readouterr().out
    )
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["acc"] == pytest.approx(clone.metrics()["acc"])
    assert not {"grassmann", "spectral_acc"} & metrics.keys()
    assert 0 < metrics["largest_residual"] < 2
    assert len(pd.read_csv(tmp_path / "clusters.csv")) == metrics["n"]


@pytest.fixture(scope="module")
def methods(clone, augmented):
    """Methods on the same points, with the same labels known."""
    targets = [f"stages/methods/dvc.yaml:{name}" for name in METHODS]
    done = clone.run("dvc", "exp", "run", "--name", "methods", *targets)
    assert done.returncode == 0, done.stdout
    return executed(done.stdout)


def test_methods_run_where_they_are_asked_for(clone, methods):
    assert methods == {"stacked", *METHODS}
    artifacts = clone.root / "artifacts/digits"
    features = load_matrix(artifacts / "input/features/matrix")
    labels = load_array(artifacts / "input/features/labels.npy")
    clusters = DECModel.load(artifacts / "methods/dec").predict(features)
    np.testing.assert_array_equal(clusters, load_array(artifacts / "methods/dec/clusters.npy"))
    metrics = json.loads((artifacts / "methods/dec/metrics.json").read_text())
    unused = load_array(artifacts / "input/features/supervision/known_labels.npy") < 0
    assert metrics["acc"] == pytest.approx(scores(labels[unused], clusters[unused])["acc"])
    assert {"acc_test", "nmi_test", "ari_test"} <= metrics.keys()
    for method, name in (("spectral", "spectral_acc"), ("kmeans", "kmeans_acc")):
        alone = json.loads((artifacts / f"methods/{method}/metrics.json").read_text())
        assert alone["acc"] == pytest.approx(clone.metrics()[name])
    client = MlflowClient(f"sqlite:///{clone.root / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("spectralnet")
    query = "tags.stage = 'pipeline' and params.method LIKE '%'"
    parents = client.search_runs([experiment.experiment_id], query)
    assert {(p.info.run_name, p.data.params["method"], p.info.status) for p in parents} == {
        (f"methods-{method}", method, "FINISHED") for method in ("stacked", *METHODS)
    }
    pretrained = {p.data.params["method"] for p in parents if "stacked.epochs" in p.data.params}
    assert pretrained == {"stacked", "dec"}
    assert metrics["acc"] in [parent.data.metrics.get("acc") for parent in parents]


@pytest.mark.parametrize("method", ["dec", "dual_autoencoder"])
def test_models_of_methods_take_raw_samples_and_are_registered(clone, methods, method):
    artifacts = clone.root / "artifacts/digits"
    fitted = load_array(artifacts / "input/features/samples.npy")
    raw = load_digits().images[fitted]
    found = Predictor.load(artifacts / "methods" / method).predict(raw).clusters
    np.testing.assert_array_equal(found, load_array(artifacts / f"methods/{method}/clusters.npy"))
    client = MlflowClient(f"sqlite:///{clone.root / 'mlflow.db'}")
    version = client.get_model_version_by_alias(f"{method}-digits", "train-limited")
    assert version.description.startswith(f"# {method} on digits")
    assert "0 labels\nand 0 pairs were used in training" in version.description


def test_methods_are_compared(clone, methods):
    lock = clone.root / "stages/methods/dvc.lock"
    locked = lock.read_text()
    targets = [f"stages/methods/dvc.yaml:{name}" for name in ("kmeans", "dec")]
    again = clone.run("dvc", "repro", "--force", "--single-item", *targets)
    assert executed(again.stdout) == {"kmeans", "dec"}, again.stdout
    assert lock.read_text() == locked
    paths = ["results/metrics.json", "artifacts/digits/methods", "results/methods"]
    done = clone.run("stages.compare", *paths)
    assert done.returncode == 0, done.stdout
    assert re.search(r"method +acc .* seconds +peak_memory\n", done.stdout)
    table = pd.read_csv(clone.root / "results/methods/methods.csv", index_col="method")
    assert set(table.index) == {"spectralnet", *METHODS}
    assert table["acc"].is_monotonic_decreasing
    assert "seconds" not in table  # which differ from run to run
    assert (clone.root / "results/methods/methods.png").stat().st_size > 0


@pytest.fixture(scope="module")
def own_data(clone, augmented):
    """A table of two blobs with a column of labels, and its graph; two points are far off."""
    generator = np.random.default_rng(0)
    side = np.arange(120) % 2
    points = generator.normal(size=(120, 3)) + 6 * side[:, None]
    points[:2] += [[90, -90, 0], [-90, 90, 0]]
    table = pd.DataFrame(points, columns=["a", "b", "c"]).assign(side=np.array(["l", "r"])[side])
    table.to_csv(clone.root / "data/own.csv", index=False)
    near = kneighbors_graph(points, 8)
    save_graph(clone.root / "data/graph.npz", csr_array(near + near.T))
    changes = {
        "dataset": "own",
        "own.path": "data/own.csv",
        "space": "auto",
        "affinity": "precomputed",
        "fit_on": "all",
        "augment": "none",
        "labelled": 0.0,
        "limit": "null",
        "own.labels": "side",
        "own.n_clusters": "[2,6]",
        "own.noise": "auto",
        "own.spectralnet.n_components": 3,
        "own.spectralnet.epochs": 2,
        "own.spectralnet.steps_per_epoch": 20,
    }
    return side, clone.experiment("own", **changes)


def test_own_data_and_graph_are_clustered(clone, own_data):
    side, ran = own_data
    assert ran == {
        "settings",
        "prepare",
        "space",
        "graph",
        "precomputed",
        "spectralnet",
        "evaluate",
    }
    assert clone.metrics()["acc"] > 0.95
    table = pd.read_csv(clone.root / "results/clusters.csv")
    assert table["probability"].between(1 / 2, 1).all()
    noise = table["cluster"].to_numpy() < 0
    np.testing.assert_array_equal(noise, table["outlier_score"] > 5)
    assert noise[:2].all()
    assert clone.metrics()["noise"] == noise.mean() < 0.1
    assert clone.metrics()["n_clusters"] == 2
    described = json.loads((clone.root / "results/description.json").read_text())
    assert [cluster["cluster"] for cluster in described] == [-1, 0, 1]
    assert table["sample"].tolist() == list(range(120))
    page = (clone.root / "results/explore.html").read_text()
    assert '"names": ["l", "r"]' in page  # what the user calls the classes
    clusters = table["cluster"].to_numpy()[~noise]
    assert scores(side[~noise], clusters)["acc"] == pytest.approx(clone.metrics()["acc"])


def test_a_table_is_its_own_space(clone, own_data):
    rows, searched = (
        load_matrix(clone.root / f"artifacts/own/{space}/features/matrix")
        for space in ("input", "auto")
    )
    np.testing.assert_array_equal(searched, rows)


def test_a_change_of_own_data_is_noticed_and_checked(clone, own_data):
    with (clone.root / "data/own.csv").open("a") as file:
        file.write("1.0,red,2.0,l\n")
    done = clone.run("dvc", "repro")
    assert executed(done.stdout) == {"prepare"}
    assert "own.csv: column 'b' holds 'red' in row 120, which is no number" in done.stdout
    assert "Traceback" not in done.stdout
    rows = (clone.root / "data/own.csv").read_text().replace("red", "3.0")
    (clone.root / "data/own.csv").write_text(rows)  # a good row, of which the graph knows nothing
    done = clone.run("dvc", "repro")
    assert executed(done.stdout) == {"prepare"}
    assert "graph.npz has shape (120, 120): (121, 121) is needed" in done.stdout
