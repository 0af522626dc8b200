import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import servers
from clones import ROOT, TINY, Clone
from mlflow.tracking import MlflowClient
from stores import PARAMS, runs

from spectralnet.errors import DataError
from spectralnet.nets.stopping import Stopped
from spectralnet.tracking import processes, registry
from spectralnet.tracking import runs as tracking
from spectralnet.tracking import store as stores

CAPTURE = {"check": True, "capture_output": True, "text": True}


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


def log_stage(stage, folder):
    """Log as a stage does."""
    with tracking.stage_run(stage, PARAMS) as run:
        file = folder / stage
        file.write_text(f"made by {stage}")
        run.log_results([file], {})


def start_two_stages(folder, warm, **variables):
    """Log from two processes at once, as DVC's queue does, into a store that is not there yet."""
    here = Path(__file__)
    environment = os.environ | variables | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    started = [
        subprocess.Popen(
            [warm / "python", "-m", here.stem, stage, folder], cwd=here.parent, env=environment
        )
        for stage in ("graph", "siamese")
    ]
    assert [process.wait() for process in started] == [0, 0]


def test_two_processes_share_a_fresh_store(checkout, warm):
    start_two_stages(checkout, warm)
    assert set(runs(checkout)) == {"digits-code-siamese", "graph", "siamese"}


@pytest.mark.services
@pytest.mark.skipif(servers.INITDB is None, reason="no PostgreSQL: apt-get install postgresql")
def test_two_processes_share_a_server_with_postgresql_and_artifacts(checkout, warm):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
    with servers.postgres() as database:
        folder = ["--artifacts-destination", (checkout / "served").as_uri()]
        arguments = ["--backend-store-uri", database, *folder]
        with servers.mlflow_server(checkout, *arguments, environment=environment) as address:
            start_two_stages(checkout, warm, MLFLOW_TRACKING_URI=address)
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
        time.sleep(5)  # a question takes a second of a core
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


if __name__ == "__main__":
    log_stage(sys.argv[1], Path(sys.argv[2]))
