"""MLflow's runs: one parent a configuration, one child a stage that really ran."""

import hashlib
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import mlflow
import numpy as np
import pandas as pd
import torch
from filelock import FileLock
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from spectralnet.errors import DataError

EXPERIMENT = "spectralnet"
CODE = ["spectralnet", "stages", "dvc.yaml", ":(exclude)*.lock"]  # locks change in each run
DIRTY = "git.dirty"  # tag of a configuration that ran with code which its commit does not hold


class StageRun:
    """The run of one stage, `run_id`, and that of its configuration, `parent_id`."""

    def __init__(self, run_id: str, parent_id: str) -> None:
        self.run_id = run_id
        self.parent_id = parent_id

    def log_metrics(self, metrics: dict[str, Any]) -> None:
        """Log the numbers among `metrics`."""
        mlflow.log_metrics(_numbers(metrics), run_id=self.run_id)

    def log_curve(self, history: pd.DataFrame) -> None:
        """Log a trainer's history: each column but `epoch` becomes a curve over it."""
        now = int(time.time() * 1000)
        points = [
            Metric(name, float(row[name]), now, int(row["epoch"]))
            for row in history.to_dict("records")
            for name in history.columns.drop("epoch")
        ]
        MlflowClient().log_batch(self.run_id, metrics=points)

    def log_model(self, model: torch.nn.Module, name: str, n_features: int) -> None:
        """Log a net as an exported program, which loads without this package or a pickle."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "No complete tensor found")  # of tensors on GPUs
            mlflow.pytorch.log_model(
                model.cpu().eval(),
                name=name,
                input_example=np.zeros((8, n_features), dtype=np.float32),
                serialization_format="pt2",  # elsewhere the default may be a pickle
                pip_requirements=[f"torch=={torch.__version__.partition('+')[0]}"],
            )

    def log_dataset(self, name: str, sha256: str) -> None:
        """Name the configuration's data, by the hash of their contents."""
        client = MlflowClient()
        content = Dataset(name, sha256[:8], "code", json.dumps({"sha256": sha256}))
        used = DatasetInput(content, [InputTag("mlflow.data.context", "training")])
        if client.get_run(self.parent_id).data.tags.get("data.sha256") != sha256:
            client.update_run(self.parent_id, "RUNNING")  # its scores are of others
        client.log_inputs(self.parent_id, datasets=[used])
        client.set_tag(self.parent_id, "data.sha256", sha256)

    def log_results(
        self, files: list[Path], metrics: dict[str, Any], records: list[dict[str, Any]]
    ) -> None:
        """Give the configuration files, folders, and the numbers among `metrics`.

        `records` are the run records of the stages whose artifacts were read: tags
        ``upstream.<stage>`` name the runs that made these, also where DVC restored them.
        """
        client = MlflowClient()
        for record in records:
            client.set_tag(self.parent_id, f"upstream.{record['stage']}", record["run_id"])
        for path in files:
            client.log_artifact(self.parent_id, str(path))
        mlflow.log_metrics(_numbers(metrics), run_id=self.parent_id)


@contextmanager
def stage_run(stage: str, params: dict[str, Any], is_last: bool = False) -> Iterator[StageRun]:
    """Run a block as one stage of a configuration.

    The parent run is found by a tag made of the commit, whether the code differs from it, the
    experiment and the parameters, or created. The store is ``MLFLOW_TRACKING_URI``, or else
    ``mlflow.db`` in the main checkout, also from DVC's temporary workspaces.

    Parameters
    ----------
    stage : str
    params : dict
        All of the configuration, flat.
    is_last : bool, default=False
        Whether the configuration is finished when the block is. Until then its parent is
        running, so that the leaderboard shows no run without scores as finished.
    """
    name, commit = os.environ.get("DVC_EXP_NAME"), _git("rev-parse", "HEAD")
    parent = _parent_run(commit, name, params, bool(_git("status", "--porcelain", "--", *CODE)))
    client, parent_id = MlflowClient(), parent.info.run_id
    if parent.info.status == "FAILED":
        client.update_run(parent_id, "RUNNING")
    tags = {"stage": stage} | ({"dvc.exp_name": name} if name else {})
    try:
        with mlflow.start_run(run_name=stage, parent_run_id=parent_id, tags=tags) as run:
            mlflow.log_params(params)
            yield StageRun(run.info.run_id, parent_id)
    except BaseException:
        # What was finished keeps its scores until other data or other scores come.
        if is_last or client.get_run(parent_id).info.status != "FINISHED":
            client.set_terminated(parent_id, "FAILED")
        raise
    if is_last:
        client.set_terminated(parent_id, "FINISHED")


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
    MlflowClient().set_terminated(run.run_id, "FINISHED")
    return True


def finished_pipelines() -> list[Run]:
    """List the runs of configurations that were evaluated, the oldest first."""
    find_store()
    wanted = "tags.stage = 'pipeline' and attributes.status = 'FINISHED' and metrics.seconds > 0"
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


def main_root() -> Path:
    """Return the main checkout, of which DVC's temporary workspaces are copies."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()


def lock() -> FileLock:
    """Let one process at a time create what two would spoil: a store, a parent, a version."""
    return FileLock(main_root() / "mlflow.db.lock")


def find_store() -> None:
    """Point MLflow at the store to read from it; a `DataError` if there is none."""
    _set_store()
    local = mlflow.get_tracking_uri().partition("sqlite:///")[2]
    if local and not Path(local).exists():
        raise DataError(
            f"there is no MLflow store {local}: run from the root of a checkout with runs, or "
            "set MLFLOW_TRACKING_URI"
        )


def without_password(text: str) -> str:
    """Take user, password and query of the store's address out of a text that is shown."""
    address = urlsplit(mlflow.get_tracking_uri())
    user, at, _ = address.netloc.rpartition("@")
    return text.replace(user + at, "").replace(address.query or "?", "")


def _set_store() -> None:
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", str(sys.stderr.isatty()))
    uri = os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    if (path := uri.removeprefix("sqlite:///")) != uri:  # DVC's temporary workspaces do not last
        mlflow.set_tracking_uri(f"sqlite:///{main_root() / path}")


def _open_store() -> str:
    """Return the id of the experiment, which is created if it is not there."""
    _set_store()
    served = mlflow.get_tracking_uri().startswith(("http:", "https:"))
    if not served and mlflow.get_experiment_by_name(EXPERIMENT) is None:
        # Else artifacts would go to the folder of whoever comes first, which may not last.
        mlflow.create_experiment(EXPERIMENT, (main_root() / "mlartifacts").as_uri())
    return mlflow.set_experiment(EXPERIMENT).experiment_id


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
        experiment_id, client = _open_store(), MlflowClient()
        known = client.search_runs([experiment_id], f"tags.pipeline_key = '{key}'")
        if found := [run for run in known if dirty in (None, DIRTY in run.data.tags)]:
            return max(found, key=lambda run: len(run.data.metrics))
        run = client.create_run(experiment_id, tags=tags, run_name=title)
        mlflow.log_params(params, run_id=run.info.run_id)
    return run


def _numbers(metrics: dict[str, Any]) -> dict[str, float]:
    return {name: float(v) for name, v in metrics.items() if isinstance(v, int | float)}


def _git(*command: str) -> str:
    git = subprocess.run(["git", *command], capture_output=True, text=True, check=False)
    return git.stdout.strip()
