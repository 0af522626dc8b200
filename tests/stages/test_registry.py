import ast
import json
import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import requests
import servers
from click.testing import CliRunner
from clones import ROOT
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import scoring_server
from mlflow.tracking import MlflowClient
from models import random_hierarchy, random_model

from spectralnet.artifacts import EXAMPLE, load_json, save_json
from spectralnet.cli import main
from spectralnet.data.pixels import Pixels
from spectralnet.data.preparation import Columns
from spectralnet.data.texts import Tfidf
from spectralnet.membership.part import Membership
from spectralnet.methods.predictor import Predictor
from spectralnet.report.model_card import model_card
from spectralnet.tracking import runs as tracking
from spectralnet.tracking.registry import REQUIREMENTS, log_predictor

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 2, 3), dtype=np.uint8)
TEXTS = ["wheat prices rose", "oil prices fell", "wheat and oil"]


def saved(folder, preparation, samples):
    model = random_model(preparation.n_features, Membership(0, 3, 20), random_hierarchy())
    predictor = Predictor(preparation, model)
    predictor.save(folder)
    samples = np.asarray(samples)
    save_json(folder / EXAMPLE, {"dtype": str(samples.dtype), "samples": samples.tolist()})
    return predictor


@pytest.mark.parametrize("kind", ["images", "texts"])
def test_a_logged_predictor_gives_the_same_clusters(kind, store, tmp_path):
    preparation = Pixels((2, 3), 255) if kind == "images" else Tfidf.fit(TEXTS, 10)
    raw = IMAGES if kind == "images" else TEXTS
    predictor = saved(tmp_path / "model", preparation, raw[:3])
    expected = predictor.predict(raw)
    params = {"dataset": "toy", "space": "input", "affinity": "euclidean"}
    with tracking.stage_run("evaluate", params):
        log_predictor(tmp_path / "model", "# A card", "toy", "input-euclidean")

    uri = "models:/toy@input-euclidean"
    loaded = mlflow.pyfunc.load_model(uri)
    given = raw.astype(float) if kind == "images" else pd.DataFrame({"text": raw})
    found = loaded.predict(given, params={"embedding": True, "probabilities": True})
    np.testing.assert_array_equal(found["cluster"], expected.clusters)
    np.testing.assert_allclose(found["embedding_2"], expected.embedding[:, 1], rtol=1e-5)
    shares = found[["probability_0", "probability_1", "probability_2"]]
    np.testing.assert_allclose(shares, expected.probabilities, rtol=1e-5)
    columns = ["cluster", "distance", "probability", "outlier_score"]
    assert loaded.predict(given).columns.tolist() == columns
    nested = loaded.predict(given, params={"n_clusters": 5})
    np.testing.assert_array_equal(nested["cluster"], predictor.predict(raw, n_clusters=5).clusters)
    with pytest.raises(MlflowException, match=r"n_clusters = 7: the hierarchy .* 1 to 6 clusters"):
        loaded.predict(given, params={"n_clusters": 7})

    version = MlflowClient().get_model_version_by_alias("toy", "input-euclidean")
    assert version.description == "# A card"
    names = {path.name for path in (tmp_path / "mlartifacts").rglob("*") if path.is_file()}
    assert {
        "MODEL_CARD.md",
        "serving.py",
        "predictor.py",
        "model.safetensors",
        "preparation.json",
    } <= names
    assert not any(name.endswith((".pkl", ".pickle", ".pt", ".pth")) for name in names)

    if kind == "images":
        np.save(tmp_path / "x.npy", IMAGES)
        out = tmp_path / "out.npy"
        done = CliRunner().invoke(
            main, ["predict", uri, str(tmp_path / "x.npy"), "--out", str(out)]
        )
        assert done.exit_code == 0, done.output
        np.testing.assert_array_equal(np.load(out), expected.clusters)
        lost = CliRunner().invoke(main, ["predict", "models:/none@x", str(tmp_path / "x.npy")])
        assert lost.exit_code == 1
        assert "models:/none@x cannot be had from the store" in lost.output


@pytest.fixture
def log(store, tmp_path):
    """Log a model, and load it as a server does."""

    def logged(preparation, samples):
        predictor = saved(tmp_path / "model", preparation, samples)
        with tracking.stage_run("evaluate", {"dataset": "t", "space": "a", "affinity": "b"}):
            log_predictor(tmp_path / "model", "# A card", "toy", "latest-run")
        return predictor, mlflow.pyfunc.load_model("models:/toy@latest-run")

    return logged


def ask(model, body, kind="application/json"):
    """Answer a request as MLflow's server does."""
    body = body if isinstance(body, str) else json.dumps(body)
    answer = scoring_server.invocations(body, kind, model, model.metadata.get_input_schema())
    assert answer.status == 200
    return [row["cluster"] for row in json.loads(answer.response)["predictions"]]


def test_a_served_table_goes_by_the_names_of_its_columns(log, tmp_path):
    rows = np.random.default_rng(0).normal(size=(200, 4)) * 3
    names = ["a", "b", "text", "d"]
    counts = np.arange(12).reshape(3, 4)  # fitted as integers
    predictor, model = log(Columns(4, names=names), counts)
    table = pd.DataFrame(rows, columns=names)
    expected = predictor.predict(rows).clusters.tolist()
    assert len(set(expected)) > 1
    other = table[names[::-1]].assign(extra=1.0)
    assert Predictor.load(tmp_path / "model").predict(other).clusters.tolist() == expected
    assert model.predict(other)["cluster"].tolist() == expected
    assert model.predict(other.astype(np.float32))["cluster"].tolist() == expected
    split = {"columns": list(other), "data": other.to_numpy().tolist()}
    assert ask(model, {"dataframe_split": split}) == expected
    assert ask(model, {"dataframe_records": other.to_dict("records")}) == expected
    assert ask(model, other.to_csv(index=False), "text/csv") == expected
    whole = other.round(0).astype(int)
    found = ask(model, {"dataframe_split": {"columns": list(other), "data": whole.values.tolist()}})
    assert found == predictor.predict(whole).clusters.tolist()
    for strange in (other.drop(columns="b"), other.rename(columns={"b": "B"})):
        with pytest.raises(MlflowException, match=r"missing inputs \['b'\]"):
            ask(model, {"dataframe_records": strange.to_dict("records")})


def test_fractions_are_served_whatever_the_type_that_was_fitted(log):
    rows = np.random.default_rng(0).normal(size=(200, 4)) * 3
    predictor, model = log(Columns(4), rows[:3].astype(np.int64))
    expected = predictor.predict(rows).clusters.tolist()
    assert predictor.predict(rows.astype(int)).clusters.tolist() != expected
    for key in ("inputs", "instances"):
        assert ask(model, {key: rows.tolist()}) == expected
    assert model.predict(rows)["cluster"].tolist() == expected


def test_served_images_of_another_range_are_refused(log):
    predictor, model = log(Pixels((2, 3), 255), IMAGES[:3])
    expected = predictor.predict(IMAGES).clusters.tolist()
    assert ask(model, {"inputs": IMAGES.tolist()}) == expected
    with pytest.raises(MlflowException, match="but white is 255: give pixels"):
        ask(model, {"inputs": (IMAGES / 255).tolist()})


@pytest.mark.services
def test_served_and_batch_answers_are_those_of_the_predictor(store, tmp_path):
    expected = saved(tmp_path / "model", Pixels((2, 3), 255), IMAGES[:3]).predict(IMAGES)
    with tracking.stage_run("evaluate", {"dataset": "toy", "space": "a", "affinity": "b"}):
        log_predictor(tmp_path / "model", "# A card", "toy", "latest-run")
    model = ["--model-uri", "models:/toy@latest-run", "--env-manager", "local"]
    environment = os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'mlflow.db'}"}
    save_json(tmp_path / "asked.json", {"inputs": IMAGES.tolist()})

    arguments = [*model, "-i", "asked.json", "-o", "batch.json"]
    command = [sys.executable, "-m", "mlflow", "models", "predict", *arguments]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    port, log = servers.free_port(), tmp_path / "log"
    command = [sys.executable, "-m", "mlflow", "models", "serve", *model, "-p", str(port)]
    address = f"http://127.0.0.1:{port}"
    with servers.process(command, log, cwd=tmp_path, env=environment) as server:
        servers.wait_until(lambda: servers.answers(f"{address}/ping"), server, log)
        asked = (tmp_path / "asked.json").read_bytes()
        json_type = {"Content-Type": "application/json"}
        answer = requests.post(f"{address}/invocations", asked, headers=json_type, timeout=60)
    for given in (answer.json(), load_json(tmp_path / "batch.json")):
        found = pd.DataFrame(given["predictions"])
        np.testing.assert_array_equal(found["cluster"], expected.clusters)
        np.testing.assert_allclose(found["distance"], expected.distances, rtol=1e-5)


def test_a_served_model_requires_all_that_it_imports():
    code = (
        "import sys, spectralnet.methods.predictor; "
        "print(*(m.__file__ for name, m in sys.modules.items() if name.startswith('spectralnet')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = set()
    for path in done.stdout.split():
        for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module.partition(".")[0])
    names -= {*sys.stdlib_module_names, "spectralnet"}
    distributions = packages_distributions()
    assert {distributions[name][0].lower() for name in names} == set(REQUIREMENTS)


def test_the_card_says_what_the_model_is():
    about = {
        "dataset": "digits", "n": 300, "n_held_out": 60, "n_features": 64, "n_known_labels": 6,
        "sha256": "ab" * 32, "licence": "CC BY 4.0",
    }  # fmt: skip
    card = model_card(about, {"n_clusters": 10, "seed": 3}, {"acc": 0.98765, "seconds": 5.0})
    for part in ("digits", "300", "60 held out", "6 labels", "ab" * 32, "CC BY 4.0", "| 0.9877 |"):
        assert part in card
    assert "| `seed` | 3 |" in card
    assert "NMI" not in card
    assert "Every sample gets a cluster" in card
    noisy = model_card(about, {"n_clusters": "auto"}, {"n_clusters": 7, "noise": 0.02})
    assert "into 7 clusters" in noisy
    assert "get none, -1: noise" in noisy
    assert "| noise, part of the fitted points | 0.0200 |" in noisy
    path = "<script>alert(1)</script>a|b`c`[d](javascript:e)\n| x |"
    card = model_card(about, {"n_clusters": 10, "path": path}, {})
    (row,) = [line for line in card.splitlines() if line.startswith("| `path` |")]
    assert re.sub(r"\\[|`(]", "", row).count("|") == 3
    assert not re.search(r"<|\]\(|(?<!\\)`c", row)
