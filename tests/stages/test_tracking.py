import multiprocessing
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import numpy as np
import pytest
import servers
import torch
from clones import TINY, Clone
from mlflow.tracking import MlflowClient
from stores import PARAMS, runs

from spectralnet.errors import DataError
from spectralnet.nets.blocks import MLP
from spectralnet.nets.stopping import Stopped
from spectralnet.tracking import processes, registry
from spectralnet.tracking import runs as tracking
from spectralnet.tracking import store as stores

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


def test_a_relative_store_is_that_of_the_main_checkout(checkout, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("workspace"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    with tracking.stage_run("graph", PARAMS):
        pass
    assert set(runs(checkout)) == {"digits-code-siamese", "graph"}
    assert not Path("mlflow.db").exists()


def test_a_stage_that_is_stopped_is_a_killed_run_and_goes_on(store):
    with pytest.raises(Stopped), tracking.stage_run("graph", PARAMS):
        raise Stopped(15)
    assert {run.info.status for run in runs(store).values()} == {"KILLED"}
    with tracking.stage_run("siamese", PARAMS):
        pass
    assert runs(store)["digits-code-siamese"].info.status == "RUNNING"


def test_runs_of_a_process_that_was_killed_are_closed_by_the_next(store, monkeypatch):
    with tracking.stage_run("prepare", PARAMS):
        pass
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], **CAPTURE)
    host, _, started = processes.this_process().rsplit(" ", 2)
    experiment = runs(store)["prepare"].info.experiment_id
    ours, theirs = f"{host} {gone.stdout.strip()} {started}", f"elsewhere 1 {started}"
    for name, process in (("left", ours), ("reused", f"{host} {os.getpid()} 0"), ("other", theirs)):
        tags = {processes.PROCESS: process}
        MlflowClient().create_run(experiment, tags=tags, run_name=name)
    MlflowClient().create_run(experiment, run_name="of a former version")
    with tracking.stage_run("graph", PARAMS):
        found = {name: run.info.status for name, run in runs(store).items()}
    assert {n for n, status in found.items() if status == "KILLED"} == {"left", "reused"}
    running = {"digits-code-siamese", "graph", "other", "of a former version"}
    assert {n for n, status in found.items() if status == "RUNNING"} == running


def test_a_kill_while_the_store_is_made_leaves_none(checkout, monkeypatch):
    class Killed(MlflowClient):
        def search_experiments(self, **arguments):
            super().search_experiments(**arguments)
            raise KeyboardInterrupt

    monkeypatch.setattr(stores, "MlflowClient", Killed)
    with pytest.raises(KeyboardInterrupt), tracking.stage_run("graph", PARAMS):
        pass
    assert not (checkout / "mlflow.db").exists()
    assert not list(checkout.glob(".mlflow.db*"))


def test_a_damaged_store_is_named(store):
    (store / "mlflow.db").write_bytes(b"no database " * 1000)
    with (
        pytest.raises(DataError, match=r"store .*mlflow\.db is damaged.*: move it away"),
        tracking.stage_run("graph", PARAMS),
    ):
        pass


def test_reading_makes_checkout(checkout):
    with pytest.raises(DataError, match=r"there is no MLflow store .*mlflow.db"):
        tracking.finished_pipelines()
    with pytest.raises(DataError, match="set MLFLOW_TRACKING_URI"):
        registry.fetch_model("models:/none@latest", checkout)
    assert not (checkout / "mlflow.db").exists()


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


def log_stage(stage, folder, environment):
    """Log as a stage does, in a process of its own."""
    os.environ.clear()
    os.environ.update(environment)
    with tracking.stage_run(stage, PARAMS) as run:
        file = folder / stage
        file.write_text(f"made by {stage}")
        run.log_results([file], {})


def start_two_stages(folder, **variables):
    """Log from two processes at once, as DVC's queue does, into a store that is not there yet."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["spectralnet.tracking.runs"])  # which takes seconds
    environment = dict(os.environ) | variables
    started = [
        context.Process(target=log_stage, args=(stage, folder, environment))
        for stage in ("graph", "siamese")
    ]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0, 0]


def test_two_processes_share_a_fresh_store(checkout):
    start_two_stages(checkout)
    assert set(runs(checkout)) == {"digits-code-siamese", "graph", "siamese"}


@pytest.mark.services
@pytest.mark.skipif(servers.INITDB is None, reason="no PostgreSQL: apt-get install postgresql")
def test_two_processes_share_a_server_with_postgresql_and_artifacts(checkout):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
    with servers.postgres() as database:
        folder = ["--artifacts-destination", (checkout / "served").as_uri()]
        arguments = ["--backend-store-uri", database, *folder]
        with servers.mlflow_server(checkout, *arguments, environment=environment) as address:
            start_two_stages(checkout, MLFLOW_TRACKING_URI=address)
            client = MlflowClient(address)
            experiment = client.get_experiment_by_name("spectralnet")
            found = {r.info.run_name: r for r in client.search_runs([experiment.experiment_id])}
            assert set(found) == {"digits-code-siamese", "graph", "siamese"}
            parent = found["digits-code-siamese"]
            assert parent.info.artifact_uri.startswith("mlflow-artifacts:")
            for stage in ("graph", "siamese"):
                run = found[stage]
                assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
                copy = client.download_artifacts(parent.info.run_id, stage, str(checkout))
                assert Path(copy).read_text() == f"made by {stage}"
    assert not (checkout / "mlflow.db").exists()


@pytest.mark.services
def test_two_queued_experiments_share_a_fresh_store(tmp_path):
    clone = Clone(tmp_path)
    chosen = TINY | {"space": "input", "affinity": "euclidean"}
    for seed in (0, 1):
        params = [f"--set-param={key}={value}" for key, value in (chosen | {"seed": seed}).items()]
        queued = clone.run("dvc", "exp", "run", "--queue", "--name", f"seed-{seed}", *params)
        assert queued.returncode == 0, queued.stdout
    started = clone.run("dvc", "queue", "start", "--jobs", "2")
    assert started.returncode == 0, started.stdout
    end = time.monotonic() + 300
    while len(re.findall(r"^\w+ +seed-\d .*Success", shown := queue(clone), re.MULTILINE)) < 2:
        assert "Failed" not in shown, clone.run("dvc", "queue", "logs", "seed-0").stdout
        assert time.monotonic() < end, shown
        time.sleep(1)
    found = runs(clone.root)
    parents = [found[f"seed-{seed}"] for seed in (0, 1)]
    children = MlflowClient(f"sqlite:///{clone.root / 'mlflow.db'}").search_runs(
        [parents[0].info.experiment_id], "tags.stage != 'pipeline'"
    )
    for parent in parents:
        assert parent.info.status == "FINISHED"
        assert parent.data.metrics["acc"] > 0
        assert Path(parent.info.artifact_uri.removeprefix("file://"), "metrics.json").exists()
        made = [c for c in children if c.data.tags["mlflow.parentRunId"] == parent.info.run_id]
        assert "evaluate" in {child.info.run_name for child in made}
    workers = clone.run("dvc", "queue", "stop", "--kill")
    assert workers.returncode == 0, workers.stdout


def queue(clone):
    return clone.run("dvc", "queue", "status").stdout
