"""MLflow's runs: one parent a configuration, one child a stage that really ran."""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from spectralnet.errors import DataError
from spectralnet.tracking.processes import PROCESS, close_orphans, this_process, who_runs_stages
from spectralnet.tracking.stage import StageRun, send_status
from spectralnet.tracking.store import (
    EXPERIMENT,
    check_store,
    find_store,
    lock,
    open_store,
    without_password,
)
from spectralnet.tracking.unsent import send_unsent

CODE = ["spectralnet", "stages", "dvc.yaml", ":(exclude)*.lock"]  # locks change in each run
DIRTY = "git.dirty"  # tag of a configuration that ran with code which its commit does not hold


@contextmanager
def stage_run(stage: str, params: dict[str, Any], is_last: bool = False) -> Iterator[StageRun]:
    """Run a block as one stage of a configuration.

    The parent run is found by a tag made of the commit, whether the code differs from it, the
    experiment and the parameters, or created. The store is ``MLFLOW_TRACKING_URI``, or else
    ``mlflow.db`` in the main checkout, also from DVC's temporary workspaces. A server has to
    answer when the block begins. If it is lost later, the block goes on: see `StageRun`.

    Parameters
    ----------
    stage : str
    params : dict
        All of the configuration, flat.
    is_last : bool, default=False
        Whether the configuration is finished when the block is. Until then its parent is
        running, so that the leaderboard shows no run without scores as finished.
    """
    check_store()
    send_unsent(StageRun)
    name, commit = os.environ.get("DVC_EXP_NAME"), _git("rev-parse", "HEAD")
    parent = _parent_run(commit, name, params, bool(_git("status", "--porcelain", "--", *CODE)))
    client, parent_id = MlflowClient(), parent.info.run_id
    if parent.info.status in ("FAILED", "KILLED"):
        client.update_run(parent_id, "RUNNING")
    client.set_tag(parent_id, PROCESS, who_runs_stages())
    tags = {"stage": stage, PROCESS: this_process()} | ({"dvc.exp_name": name} if name else {})
    opened = mlflow.start_run(run_name=stage, parent_run_id=parent_id, tags=tags)
    run = StageRun(opened.info.run_id, parent_id)
    status = "FAILED"
    try:
        mlflow.log_params(params)
        yield run
        status = "FINISHED"
    except KeyboardInterrupt:  # or SIGTERM, see `spectralnet.nets.stopping.Stopped`
        status = "KILLED"
        raise
    finally:
        run.send(send_status, status=status, is_last=is_last)
        run.close()


def record_restored(
    commit: str, name: str, params: dict[str, Any], about: dict[str, Any], **results: Any
) -> bool:
    """Give DVC's experiment `name`, which it restored whole from its cache, a run.

    `about` holds its `dataset` and the `sha256`; `results` are those of `StageRun.log_results`.
    False if it has a run with metrics already: nothing is changed.
    """
    parent = _parent_run(commit, name, params)
    if parent.data.metrics:
        return False
    run = StageRun(parent.info.run_id, parent.info.run_id)
    run.log_dataset(about["dataset"], about["sha256"])
    run.log_results(**results)
    run.send(send_status, status="FINISHED", is_last=True)
    return True


def finished_pipelines() -> list[Run]:
    """List the runs of configurations that were evaluated, the oldest first."""
    find_store()
    wanted = "tags.stage = 'pipeline' and attributes.status = 'FINISHED' and metrics.n > 0"
    found = mlflow.search_runs(
        experiment_names=[EXPERIMENT],
        filter_string=wanted,
        order_by=["attributes.end_time ASC"],
        output_format="list",
    )
    return list(found)


def fetch_results(run_id: str, folder: Path) -> dict[str, str]:
    """Copy metrics and pictures of a configuration's run into `folder`; return its parameters."""
    find_store()
    client = MlflowClient()
    try:
        kept = {item.path for item in client.list_artifacts(run_id)}
        for name in ("metrics.json", "pictures", *({"description.json"} & kept)):
            client.download_artifacts(run_id, name, str(folder))
        return client.get_run(run_id).data.params
    except (MlflowException, OSError) as error:
        store = without_password(mlflow.get_tracking_uri())
        raise DataError(f"{run_id} is no evaluated run in {store}") from error


def _parent_run(
    commit: str, name: str | None, params: dict[str, Any], dirty: bool | None = None
) -> Run:
    """Find or create the run of a configuration, in the experiment `name` on `commit`.

    Parameters are in its key, as MLflow's cannot be changed once logged. `dirty` says whether
    the code differs from the commit; None: either, and one with results if there is any.
    """
    content = json.dumps([commit, name, params], sort_keys=True)
    key = hashlib.sha256(content.encode()).hexdigest()[:16]
    tags = {"stage": "pipeline", "pipeline_key": key, "git.commit": commit}
    tags |= {DIRTY: "true"} if dirty else {}
    tags |= {"dvc.exp_name": name, "dvc.exp_baseline_rev": commit} if name else {}
    title = name or "-".join(str(params[part]) for part in ("dataset", "space", "affinity"))
    if "method" in params:
        title = f"{name or params['dataset']}-{params['method']}"
    with lock():
        experiment_id, client = open_store(), MlflowClient()
        close_orphans(experiment_id)
        known = client.search_runs([experiment_id], f"tags.pipeline_key = '{key}'")
        if found := [run for run in known if dirty in (None, DIRTY in run.data.tags)]:
            return max(found, key=lambda run: len(run.data.metrics))
        run = client.create_run(experiment_id, tags=tags, run_name=title)
        mlflow.log_params(params, run_id=run.info.run_id)
    return run


def _git(*command: str) -> str:
    git = subprocess.run(["git", *command], capture_output=True, text=True, check=False)
    return git.stdout.strip()
