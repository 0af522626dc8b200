"""The real dvc.yaml on tiny data, in a throw-away clone: from one experiment to the next."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from clones import executed
from mlflow.tracking import MlflowClient

from spectralnet.artifacts import load_array, load_graph, load_matrix
from spectralnet.clusters.scores import scores
from spectralnet.config.reading import read_params
from spectralnet.estimators.spectralnet import SpectralNet
from spectralnet.graph.affinity import affinity_graph
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.methods.model import ClusterModel
from spectralnet.methods.predictor import Predictor
from spectralnet.nets.devices import map_in_chunks
from spectralnet.nets.gradients import OrientedGradients
from spectralnet.report.captions import CAPTIONS

pytestmark = pytest.mark.xdist_group("clone")  # its experiments are run once


def test_codes_and_a_learned_metric_run_every_stage(clone, code_siamese):
    assert code_siamese == {
        "settings",
        "prepare",
        "autoencoder",
        "graph",
        "siamese",
        "spectralnet",
        "evaluate",
    }
    again = clone.run("dvc", "repro")
    assert "up to date" in again.stdout
    assert executed(again.stdout) == set()
    assert not any((clone.root / ".checkpoints").glob("*"))


def test_a_changed_parameter_concerns_the_stages_that_use_it(clone, code_siamese):
    everything = {"prepare", "autoencoder", "graph", "siamese", "spectralnet", "evaluate"}
    concerned = {
        "augment": {"siamese"},
        "affine.json": {"siamese"},
        "autoencoder.json": {"autoencoder"},
        "graph.json": {"graph", "siamese", "spectralnet"},
        "n_clusters.json": {"spectralnet"},
        "siamese.json": {"siamese"},
        "spectralnet.json": {"spectralnet"},
        "eigenspace.json": {"evaluate"},
        "seed": everything,
        "labelled": {"prepare"},
    }
    path = clone.root / "params.yaml"
    committed = path.read_text()
    raw = yaml.safe_load(committed)
    raw |= {"seed": 7, "labelled": 0.5, "augment": "affine"}
    raw["digits"]["n_clusters"] = 9
    for part, name, value in (
        ("affine", "shear", 0.5),
        ("autoencoder", "epochs", 7),
        ("graph", "overlap", 2),
        ("siamese", "temperature", 2),
        ("spectralnet", "n_components", 5),
    ):
        raw["digits"][part][name] = value
    path.write_text(yaml.safe_dump(raw))
    optional = [f"stages/dvc.yaml:{stage}" for stage in ("autoencoder", "siamese")]
    ran = clone.run("dvc", "repro", "settings")
    done = clone.run("dvc", "status", "--json", "dvc.yaml", *optional)
    path.write_text(committed)
    clone.run("dvc", "repro", "settings")
    assert executed(ran.stdout) == {"settings"}
    assert done.returncode == 0, done.stdout
    status = json.loads(done.stdout[done.stdout.index("{") :])
    found: dict[str, set[str]] = {}
    for stage, changes in status.items():
        for change in changes:
            changed = change.get("changed deps", {})
            for name in [*changed.pop("params.yaml", {}), *changed]:
                found.setdefault(Path(name).name, set()).add(stage.split(":")[-1])
    assert found == concerned


def test_the_estimator_finds_the_clusters_of_the_pipeline(clone, code_siamese):
    artifacts = clone.root / "artifacts/digits"
    settings = read_params(clone.root / "params.yaml").datasets["digits"]
    blocks = ("autoencoder", "graph", "siamese", "spectralnet")
    model = SpectralNet(
        settings.n_clusters,
        space="code",
        affinity="siamese",
        image_shape=(8, 8),
        **{block: getattr(settings, block).model_dump() for block in blocks},
        random_state=0,
        device="cpu",
    ).fit(load_matrix(artifacts / "input/features/matrix"))
    expected = load_array(artifacts / "code/siamese/model/clusters.npy")
    np.testing.assert_array_equal(model.labels_, expected)
    tree = Predictor.load(artifacts / "code/siamese/model").hierarchy
    np.testing.assert_array_equal(tree.linkage, model.linkage_)
    for k in (2, 10, len(tree.groups)):
        np.testing.assert_array_equal(tree.cut(k)[tree.labels], model.cut(k))


def test_metrics_are_those_of_the_artifacts(clone, code_siamese):
    """Scores, labels and eigenvectors, computed again from what lies on disk."""
    artifacts, metrics = clone.root / "artifacts/digits", clone.metrics()
    features = load_matrix(artifacts / "input/features/matrix")
    labels = load_array(artifacts / "input/features/labels.npy")
    model = ClusterModel.load(artifacts / "code/siamese/model")
    clusters = model.predict(features)
    np.testing.assert_array_equal(
        clusters, load_array(artifacts / "code/siamese/model/clusters.npy")
    )
    for name, value in scores(labels, clusters).items():
        assert metrics[name] == pytest.approx(value)
    assert len(features) == 300
    assert metrics["eigenvalue_sum"] >= metrics["spectral_eigenvalue_sum"]
    assert "acc_test" not in metrics

    y = load_array(artifacts / "code/siamese/model/embedding.npy").astype(float)
    degree = load_graph(artifacts / "code/siamese/affinity/graph.npz").sum(axis=1)
    np.testing.assert_allclose(y.T @ (degree[:, None] * y) / degree.sum(), np.eye(4), atol=1e-4)
    pictures = {path.stem for path in (clone.root / "results/pictures").iterdir()}
    assert pictures == CAPTIONS.keys() - {"terms"}
    report = (clone.root / "results/report.html").read_text()
    assert report.count("<figcaption>") == len(pictures)
    assert f"{metrics['acc']:.3f}" in report
    described = json.loads((clone.root / "results/description.json").read_text())
    sizes = {cluster["cluster"]: cluster["size"] for cluster in described}
    assert sizes == dict(zip(*np.unique(clusters, return_counts=True), strict=True))
    page = (clone.root / "results/explore.html").read_text()
    assert page.count('<section id="cluster-') == 1 + len(sizes)
    assert "data:image/png" in page


def test_the_siamese_net_sees_images_and_learns_what_they_confirm(clone, code_siamese, cpu):
    artifacts = clone.root / "artifacts/digits"
    images = load_matrix(artifacts / "input/features/matrix")
    model = ClusterModel.load(artifacts / "code/siamese/model")
    assert model.embedder.config["kind"] == "conv"
    assert len(model.encoder) == 0  # the codes only made the graph
    params = read_params(clone.root / "params.yaml").datasets["digits"].graph
    distance = np.linalg.norm(images[:, None].astype(float) - images[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    reach = np.sort(distance, axis=1)[:, params.n_neighbours - 1, None]
    reach = np.maximum(reach, reach.T)
    codes_graph = load_graph(artifacts / "code/euclidean/affinity/graph.npz").toarray()
    least, most = codes_graph * (distance < reach), codes_graph * (distance <= reach)  # ties
    assert (least.sum(axis=1) > 0).all()
    embedding = map_in_chunks(model.embedder, images, cpu)
    learned = affinity_graph(nearest_neighbours(embedding, params.n_neighbours), params)
    graph = load_graph(artifacts / "code/siamese/affinity/graph.npz").toarray()
    confirmed = 2 * graph - learned.toarray()
    assert ((confirmed > least - 1e-6) & (confirmed < most + 1e-6)).all()
    assert most.sum() < codes_graph.sum()


def test_without_codes_and_a_learned_metric_their_nets_are_not_trained(clone, input_euclidean):
    assert input_euclidean == {"graph", "spectralnet", "evaluate"}
    model = ClusterModel.load(clone.root / "artifacts/digits/input/euclidean/model")
    assert model.encoder.sizes == model.embedder.sizes == [64]


def test_by_default_images_are_described_by_gradients_and_nothing_is_trained_for_it(described, cpu):
    copy, ran = described
    assert ran == {"space", "graph", "spectralnet", "evaluate"}
    artifacts = copy.root / "artifacts/digits"
    gradients = OrientedGradients((8, 8))
    found = map_in_chunks(gradients, load_matrix(artifacts / "input/features/matrix"), cpu)
    np.testing.assert_array_equal(load_matrix(artifacts / "auto/features/matrix"), found)
    model = ClusterModel.load(artifacts / "auto/euclidean/model")
    assert model.encoder.config == gradients.config


def test_what_is_made_again_has_the_same_hashes(described):
    """All of it: so a colleague's cache is hit."""
    copy, ran = described
    locks = [copy.root / name for name in ("dvc.lock", "stages/dvc.lock")]
    before = [lock.read_text() for lock in locks]
    again = copy.run("dvc", "repro", "--force")
    assert executed(again.stdout) == {"settings", "prepare"} | ran, again.stdout
    assert [lock.read_text() for lock in locks] == before


def test_mlflow_holds_a_parent_a_configuration_and_a_child_a_stage(clone, input_euclidean):
    client = MlflowClient(f"sqlite:///{clone.root / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("spectralnet")
    runs = client.search_runs([experiment.experiment_id])
    parents = {r.info.run_name: r for r in runs if r.data.tags["stage"] == "pipeline"}
    assert set(parents) >= {"code-siamese", "input-euclidean"}
    assert parents["input-euclidean"].data.metrics["acc"] == clone.metrics()["acc"]
    children = {
        name: {
            r.data.tags["stage"]: r
            for r in runs
            if r.data.tags.get("mlflow.parentRunId") == parent.info.run_id
        }
        for name, parent in parents.items()
    }
    assert set(children["input-euclidean"]) == {"graph", "spectralnet", "evaluate"}
    prepared = children["code-siamese"]["prepare"]
    assert parents["input-euclidean"].data.tags["upstream.prepare"] == prepared.info.run_id
    for name in ("code-siamese", "input-euclidean"):  # also where it was not run again
        costs = parents[name].data.metrics
        assert (
            costs["seconds"]
            > costs["seconds_prepare"]
            == pytest.approx(prepared.data.metrics["seconds"], abs=0.06)
        )
    shown = clone.run("stages.show").stdout
    assert re.search(
        r"^seconds +prepare \d+, graph \d+, spectralnet \d+, evaluate \d+$", shown, re.M
    )
    trained = children["code-siamese"]["autoencoder"]
    curve = client.get_metric_history(trained.info.run_id, "held_out_loss")
    assert [point.step for point in curve] == [1, 2, 3]
    assert {run.info.status for run in runs} == {"FINISHED"}


def test_an_experiment_restored_whole_gets_its_run(clone, input_euclidean):
    done = clone.run("dvc", "exp", "run", "--temp", "--name", "restored")
    assert done.returncode == 0, done.stdout
    assert executed(done.stdout) == set()
    done = clone.run("dvc", "exp", "run", "--temp", "--name", "other", "-S", "seed=1", "settings")
    assert done.returncode == 0, done.stdout
    assert executed(done.stdout) == set()  # its results are those of seed 0
    done = clone.run("stages.backfill")
    assert "other: left out: its results are of other parameters" in done.stdout
    assert "restored: added to MLflow" in done.stdout, done.stdout
    assert "input-euclidean: already in MLflow" in done.stdout
    client = MlflowClient(f"sqlite:///{clone.root / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("spectralnet")
    found = {
        run.data.tags["dvc.exp_name"]: run
        for run in client.search_runs([experiment.experiment_id], "tags.stage = 'pipeline'")
    }
    original, restored = found["input-euclidean"], found["restored"]
    assert restored.data.metrics == original.data.metrics
    assert restored.data.params == original.data.params
    assert restored.data.tags["upstream.graph"] == original.data.tags["upstream.graph"]
    pictures = {file.path for file in client.list_artifacts(restored.info.run_id, "pictures")}
    assert "pictures/embedding.png" in pictures


def test_results_are_collected_from_what_the_runs_recorded(clone, input_euclidean):
    acc = clone.metrics()["acc"]
    done = clone.run("stages.collect")
    assert done.returncode == 0, done.stdout
    table = pd.read_csv(clone.root / "docs/results.csv")
    ours = table[(table["method"] == "spectralnet") & (table["dataset"] == "digits")]
    assert set(zip(ours["space"], ours["affinity"], strict=True)) >= {
        ("code", "siamese"),
        ("input", "euclidean"),
    }
    last = ours[(ours["space"] == "input") & (ours["affinity"] == "euclidean")]
    assert last["acc"].tolist() == [pytest.approx(acc)]
    assert "-S dataset=digits -S space=input" in (clone.root / "docs/results.md").read_text()


def test_bad_parameters_end_the_run_before_any_work(clone, input_euclidean):
    clone.git("checkout", "--quiet", "HEAD", "--", "params.yaml", "dvc.lock", "stages/dvc.lock")
    failed = clone.run("dvc", "exp", "run", "--set-param=digits.graph.n_neighbours=300")
    assert failed.returncode != 0
    assert "graph.n_neighbours = 300 is too many for" in failed.stdout
    assert "Traceback" not in failed.stdout
    assert executed(failed.stdout) == {"settings", "graph"}


def test_the_check_names_the_allowed_values(clone, input_euclidean):
    clone.git("checkout", "--quiet", "HEAD", "--", "params.yaml")
    params = clone.root / "params.yaml"
    whole = params.read_text()
    assert clone.run("stages.check").returncode == 0
    params.write_text(whole.replace("affinity: siamese", "affinity: cosine"))
    refused = clone.run("stages.check")
    params.write_text(whole.replace("path: data/own", "path: data/gone"))
    without = clone.run("stages.check")
    params.write_text(whole)
    assert without.returncode == 1
    assert "own.path = data/gone does not exist: correct it" in without.stdout
    assert refused.returncode == 1
    assert "affinity = 'cosine': choose one of siamese, euclidean, precomputed" in refused.stdout
