"""What MLflow is told: one parent run a configuration, one child a stage that really ran."""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import torch
from filelock import FileLock
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Run
from mlflow.tracking import MlflowClient

from spectralnet.errors import DataError

EXPERIMENT = "spectralnet"
CODE = ["spectralnet", "stages", "dvc.yaml", ":(exclude)*.lock"]  # locks change in each run
DIRTY = "git.dirty"  # tag of a configuration that ran with code which its commit does not hold


class StageRun:
    """The MLflow run of one stage.

    Attributes
    ----------
    run_id, parent_id : str
    """

    def __init__(self, client: MlflowClient, run_id: str, parent_id: str) -> None:
        self._client = client
        self.run_id = run_id
        self.parent_id = parent_id

    def log_metrics(self, metrics: dict[str, Any], on_parent: bool = False) -> None:
        """Log the numbers among `metrics`, on the parent run too if `on_parent`."""
        metrics = {k: float(v) for k, v in metrics.items() if isinstance(v, int | float)}
        for run_id in [self.run_id, self.parent_id][: 1 + on_parent]:
            mlflow.log_metrics(metrics, run_id=run_id)

    def log_curve(self, history: pd.DataFrame) -> None:
        """Log a trainer's history: each column but `epoch` becomes a curve over it."""
        now = int(time.time() * 1000)
        points = [
            Metric(name, float(row[name]), now, int(row["epoch"]))
            for row in history.to_dict("records")
            for name in history.columns.drop("epoch")
        ]
        for start in range(0, len(points), 1000):  # the most that one call takes
            self._client.log_batch(self.run_id, metrics=points[start : start + 1000])

    def log_model(self, model: torch.nn.Module, name: str, n_features: int) -> None:
        """Log a net as an exported program, which loads without this package or a pickle."""
        mlflow.pytorch.log_model(
            model.cpu().eval(),
            name=name,
            input_example=np.zeros((8, n_features), dtype=np.float32),
            serialization_format="pt2",  # elsewhere the default may be a pickle
            pip_requirements=[f"torch=={torch.__version__.partition('+')[0]}"],
        )

    def log_dataset(self, name: str, sha256: str) -> None:
        """Name the data, by the hash of their contents, on the run and its parent."""
        content = Dataset(name, sha256[:8], "code", json.dumps({"sha256": sha256}))
        used = DatasetInput(content, [InputTag("mlflow.data.context", "training")])
        if self._client.get_run(self.parent_id).data.tags.get("data.sha256") != sha256:
            self._client.update_run(self.parent_id, "RUNNING")  # its scores are of others
        for run_id in (self.run_id, self.parent_id):
            self._client.log_inputs(run_id, datasets=[used])
            self._client.set_tag(run_id, "data.sha256", sha256)

    def log_upstream(self, records: list[dict[str, str]]) -> None:
        """Name the runs that made what this stage read, also those restored from a cache."""
        for record in records:
            for run_id in (self.run_id, self.parent_id):
                self._client.set_tag(run_id, f"upstream.{record['stage']}", record["run_id"])

    def log_artifacts(self, paths: list[Path], on_parent: bool = False) -> None:
        """Copy files and folders into the run's artifacts, and the parent's if `on_parent`."""
        for run_id in [self.run_id, self.parent_id][: 1 + on_parent]:
            for path in paths:
                self._client.log_artifact(run_id, str(path))


@contextmanager
def stage_run(stage: str, params: dict[str, Any], is_last: bool = False) -> Iterator[StageRun]:
    """Run a block as one stage of a configuration.

    The parent run is found by a tag made of the commit, whether the code differs from it, the
    experiment and the parameters, or created. The store is ``MLFLOW_TRACKING_URI``, or else
    ``mlflow.db`` in the main checkout, also from DVC's temporary workspaces.

    Parameters
    ----------
    stage : str
        Its name.
    params : dict
        All parameters of the configuration, flat.
    is_last : bool, default=False
        Whether the configuration is finished when the block is. Until then its parent is
        running, so that the leaderboard shows no run without scores as finished.

    Yields
    ------
    StageRun
    """
    # Two processes that both create a store, or a configuration's parent, would spoil it.
    with FileLock(main_root() / "mlflow.db.lock"):
        client, experiment_id = _open_store()
        name = os.environ.get("DVC_EXP_NAME")
        commit, dirty = _git("rev-parse", "HEAD"), bool(_git("status", "--porcelain", "--", *CODE))
        parent_id = _parent_run(client, experiment_id, params, commit, name, dirty)
        if client.get_run(parent_id).info.status == "FAILED":
            client.update_run(parent_id, "RUNNING")
    try:
        with mlflow.start_run(run_name=stage, parent_run_id=parent_id) as run:
            mlflow.set_tags({"stage": stage, **_dvc_tags()})
            mlflow.log_params(params)
            yield StageRun(client, run.info.run_id, parent_id)
    except BaseException:
        # What was finished keeps its scores until other data or other scores come.
        if is_last or client.get_run(parent_id).info.status != "FINISHED":
            client.set_terminated(parent_id, "FAILED")
        raise
    if is_last:
        client.set_terminated(parent_id, "FINISHED")


def record_restored(
    commit: str,
    name: str,
    params: dict[str, Any],
    metrics: dict[str, Any],
    records: list[dict[str, Any]],
    about: dict[str, Any],
    artifacts: list[Path],
) -> bool:
    """Give a configuration that DVC restored whole from its cache the run that it has not.

    Parameters
    ----------
    commit : str
        That the experiment stands on.
    name : str
        Of DVC's experiment.
    params, metrics : dict
        As the stages log them.
    records : list of dict
        The run records of its stages.
    about : dict
        With the `dataset` and its `sha256`.
    artifacts : list of Path

    Returns
    -------
    bool
        False if the configuration has a run with metrics already: nothing is changed.
    """
    with FileLock(main_root() / "mlflow.db.lock"):
        client, experiment_id = _open_store()
        keys = [_key(params, commit, name, dirty) for dirty in (False, True)]
        found = [run for key in keys for run in _runs_of(client, experiment_id, key)]
        if any(run.data.metrics for run in found):
            return False
        run_id = _parent_run(client, experiment_id, params, commit, name, dirty=False)
    run = StageRun(client, run_id, run_id)
    run.log_upstream(records)
    run.log_dataset(about["dataset"], about["sha256"])
    run.log_artifacts(artifacts)
    run.log_metrics(metrics)
    client.set_terminated(run_id, "FINISHED")
    return True


def main_root() -> Path:
    """Return the main checkout, of which DVC's temporary workspaces are copies."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()


def set_store() -> None:
    """Point MLflow at the store, and keep its progress bars to terminals."""
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", str(sys.stderr.isatty()))
    uri = os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    if (path := uri.removeprefix("sqlite:///")) != uri:  # DVC's temporary workspaces do not last
        mlflow.set_tracking_uri(f"sqlite:///{main_root() / path}")


def find_store() -> None:
    """Point MLflow at the store to read from it; a `DataError` if there is none."""
    set_store()
    local = mlflow.get_tracking_uri().partition("sqlite:///")[2]
    if local and not Path(local).exists():
        raise DataError(
            f"there is no MLflow store {local}: run from the root of a checkout with runs, or "
            "set MLFLOW_TRACKING_URI"
        )


def _open_store() -> tuple[MlflowClient, str]:
    root = main_root()
    set_store()
    client = MlflowClient()
    served = mlflow.get_tracking_uri().startswith(("http:", "https:"))
    if not served and client.get_experiment_by_name(EXPERIMENT) is None:
        # Else artifacts would go to the folder of whoever comes first, which may not last.
        client.create_experiment(EXPERIMENT, (root / "mlartifacts").as_uri())
    experiment_id = mlflow.set_experiment(EXPERIMENT).experiment_id
    return client, experiment_id


def _parent_run(
    client: MlflowClient,
    experiment_id: str,
    params: dict[str, Any],
    commit: str,
    name: str | None,
    dirty: bool,
) -> str:
    """Find or create the run of a configuration, in the experiment `name` on `commit`."""
    key = _key(params, commit, name, dirty)
    if found := _runs_of(client, experiment_id, key):
        return found[0].info.run_id
    if "method" in params:
        title = f"{name or params['dataset']}-{params['method']}"
    else:
        title = name or "-".join(str(params[part]) for part in ("dataset", "space", "affinity"))
    tags = {"stage": "pipeline", "pipeline_key": key, "git.commit": commit}
    if dirty:
        tags[DIRTY] = "true"
    if name:
        tags |= {"dvc.exp_name": name, "dvc.exp_baseline_rev": commit}
    run_id = client.create_run(experiment_id, tags=tags, run_name=title).info.run_id
    mlflow.log_params(params, run_id=run_id)
    return run_id


def _key(params: dict[str, Any], commit: str, name: str | None, dirty: bool) -> str:
    """Tell configurations apart; parameters too, as MLflow's cannot be changed once logged."""
    content = json.dumps([commit, name, params] + [DIRTY] * dirty, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _runs_of(client: MlflowClient, experiment_id: str, key: str) -> list[Run]:
    return client.search_runs([experiment_id], f"tags.pipeline_key = '{key}'")


def _dvc_tags() -> dict[str, str]:
    names = {
        "DVC_STAGE": "dvc.stage",
        "DVC_EXP_NAME": "dvc.exp_name",
        "DVC_EXP_BASELINE_REV": "dvc.exp_baseline_rev",
    }
    return {tag: os.environ[name] for name, tag in names.items() if name in os.environ}


def _git(*command: str) -> str:
    git = subprocess.run(["git", *command], capture_output=True, text=True, check=False)
    return git.stdout.strip()
