import subprocess
from pathlib import Path

import mlflow
import numpy as np
import pytest
import torch
from stores import PARAMS, runs

from spectralnet.nets.blocks import MLP
from spectralnet.tracking import runs as tracking

CAPTURE = {"check": True, "capture_output": True, "text": True}


def test_stages_of_one_configuration_share_a_parent(store, monkeypatch):
    net = MLP([3, 2])
    with tracking.stage_run("prepare", PARAMS) as run:
        run.log_dataset("digits", "ab" * 32)
        run.log_metrics({"n": 5, "search": "exact"})
    assert runs(store)["digits-code-siamese"].info.status == "RUNNING"
    with tracking.stage_run("evaluate", PARAMS, is_last=True) as run:
        run.log_results([], {"acc": 0.5}, [{"stage": "prepare", "run_id": "r1"}])
        run.log_model(net, "net")
    monkeypatch.setenv("DVC_EXP_NAME", "loud-cat")
    with tracking.stage_run("graph", PARAMS | {"seed": 1}):
        pass

    (logged,) = mlflow.search_logged_models(output_format="list")
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    predicted = mlflow.pyfunc.load_model(f"models:/{logged.model_id}").predict(x)
    np.testing.assert_allclose(predicted, net(torch.from_numpy(x)).detach(), rtol=1e-6)

    found = runs(store)
    assert set(found) == {"digits-code-siamese", "loud-cat", "prepare", "evaluate", "graph"}
    parent = found["digits-code-siamese"]
    assert parent.info.status == "FINISHED"
    assert parent.data.params == {name: str(value) for name, value in PARAMS.items()}
    assert parent.data.metrics == {"acc": 0.5}
    assert parent.data.tags["upstream.prepare"] == "r1"
    assert parent.data.tags["data.sha256"] == "ab" * 32
    for child, owner in (("prepare", parent), ("evaluate", parent), ("graph", found["loud-cat"])):
        assert found[child].data.tags["mlflow.parentRunId"] == owner.info.run_id
    assert found["prepare"].data.metrics == {"n": 5}
    assert found["graph"].data.tags["dvc.exp_name"] == "loud-cat"
    assert parent.inputs.dataset_inputs[0].dataset.digest == "abababab"
    assert found["evaluate"].info.artifact_uri.startswith((store / "mlartifacts").as_uri())


@pytest.mark.parametrize("changed", [False, True])
def test_a_run_of_changed_code_does_not_pass_for_its_commit(store, monkeypatch, changed):
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", str(store)]
    (store / "stages").mkdir()
    (store / "stages/graph.py").write_text("one")
    for command in (["init", "-q"], ["add", "stages"], ["commit", "-qm", "code"]):
        subprocess.run([*git, *command], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    (store / "params.yaml").write_text("that DVC changes")
    (store / "stages/dvc.lock").write_text("that DVC changes")
    if changed:
        (store / "stages/graph.py").write_text("two")
    monkeypatch.chdir(store)
    with tracking.stage_run("evaluate", PARAMS, is_last=True) as run:
        run.log_results([], {"n": 1})
    (found,) = tracking.finished_pipelines()
    assert found.data.tags["git.commit"] == head.stdout.strip()
    assert (tracking.DIRTY in found.data.tags) == changed
    (store / "stages/graph.py").write_text("three")
    with pytest.raises(RuntimeError), tracking.stage_run("graph", PARAMS):
        raise RuntimeError
    assert [run.info.run_id for run in tracking.finished_pipelines()] == [found.info.run_id]


def test_a_failed_stage_is_a_failed_run(store):
    with pytest.raises(RuntimeError), tracking.stage_run("graph", PARAMS):
        raise RuntimeError
    assert {name: run.info.status for name, run in runs(store).items()} == {
        "digits-code-siamese": "FAILED",
        "graph": "FAILED",
    }
    with tracking.stage_run("siamese", PARAMS):
        pass
    assert runs(store)["digits-code-siamese"].info.status == "RUNNING"


def test_what_is_finished_outlives_a_later_failure_on_the_same_data(store):
    with tracking.stage_run("evaluate", PARAMS, is_last=True) as run:
        run.log_dataset("digits", "ab" * 32)
        run.log_results([], {"n": 1})
    with pytest.raises(RuntimeError), tracking.stage_run("graph", PARAMS):
        raise RuntimeError
    (found,) = tracking.finished_pipelines()
    assert found.data.metrics["n"] == 1
    with tracking.stage_run("prepare", PARAMS) as run:
        run.log_dataset("digits", "cd" * 32)
    with pytest.raises(RuntimeError), tracking.stage_run("graph", PARAMS):
        raise RuntimeError
    assert tracking.finished_pipelines() == []


def test_what_ran_with_changed_code_is_not_recorded_as_restored(store, monkeypatch):
    monkeypatch.setattr(tracking, "_git", lambda *command: "changed")
    monkeypatch.setenv("DVC_EXP_NAME", "quiet-dog")
    with tracking.stage_run("evaluate", PARAMS, is_last=True) as run:
        run.log_results([], {"n": 1})
    about = {"dataset": "digits", "sha256": "ab" * 32}
    assert not tracking.record_restored(
        "changed", "quiet-dog", PARAMS, about, files=[], metrics={}, records=[]
    )
    (found,) = tracking.finished_pipelines()
    assert tracking.DIRTY in found.data.tags


def test_what_was_restored_gets_the_run_that_it_has_not(store):
    with tracking.stage_run("prepare", PARAMS) as run:
        trained = run.run_id
    picture = store / "confusion.png"
    picture.write_bytes(b"png")
    restored = {
        "commit": "c0ffee",
        "name": "quiet-dog",
        "params": PARAMS | {"seed": 1},
        "metrics": {"acc": 0.75, "search": "exact"},
        "records": [{"stage": "prepare", "run_id": trained, "seconds": 1.0}],
        "about": {"dataset": "digits", "sha256": "cd" * 32},
        "files": [picture],
    }
    assert tracking.record_restored(**restored)
    assert not tracking.record_restored(**restored | {"metrics": {"acc": 0.5}})
    run = runs(store)["quiet-dog"]
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"acc": 0.75}
    assert run.data.params["seed"] == "1"
    tags = {"stage": "pipeline", "git.commit": "c0ffee", "dvc.exp_name": "quiet-dog"}
    tags |= {"upstream.prepare": trained, "data.sha256": "cd" * 32}
    assert tags.items() <= run.data.tags.items()
    assert run.inputs.dataset_inputs[0].dataset.digest == "cdcdcdcd"
    logged = mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/confusion.png")
    assert Path(logged).read_bytes() == b"png"
