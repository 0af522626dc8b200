"""What a stage tells MLflow. What a lost server does not hear is kept, and sent by a later run."""

import json
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import torch
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric
from mlflow.tracking import MlflowClient

from spectralnet.nets.net import Net
from spectralnet.nets.saved import load_net, save_net
from spectralnet.tracking.store import be_impatient, is_lost, is_served, without_password
from spectralnet.tracking.unsent import Record


class StageRun:
    """The run of one stage, `run_id`, and that of its configuration, `parent_id`.

    If the server is lost, a warning says so once, and what is left to say is kept in
    ``.unsent/`` of the main checkout.
    """

    def __init__(self, run_id: str, parent_id: str) -> None:
        self.run_id = run_id
        self.parent_id = parent_id
        self._kept: Record | None = None

    def log_metrics(self, metrics: dict[str, Any]) -> None:
        """Log the numbers among `metrics`."""
        self.send(send_metrics, metrics=numbers(metrics))

    def log_curve(self, history: pd.DataFrame) -> None:
        """Log a trainer's history: each column but `epoch` becomes a curve over it.

        The seconds of an epoch are no stage's: that has a metric of this name.
        """
        history = history.rename(columns={"seconds": "epoch_seconds"})
        rows = [{name: float(v) for name, v in row.items()} for row in history.to_dict("records")]
        self.send(send_curve, rows=rows, now=int(time.time() * 1000))

    def log_model(self, model: Net, name: str) -> None:
        """Log a net as an exported program, which loads without this package or a pickle."""
        with TemporaryDirectory() as folder:
            save_net(Path(folder), name, model)
            self.send(send_model, sorted(Path(folder).iterdir()), name=name)

    def log_dataset(self, name: str, sha256: str) -> None:
        """Name the configuration's data, by the hash of their contents."""
        self.send(send_dataset, name=name, sha256=sha256)

    def log_results(
        self,
        files: list[Path],
        metrics: dict[str, Any],
        records: Sequence[dict[str, Any] | None] = (),
    ) -> None:
        """Give the configuration files, folders, and the numbers among `metrics`.

        `records` are the run records of the stages whose artifacts were read: tags
        ``upstream.<stage>`` name the runs that made these, also where DVC restored them.
        """
        upstream = {record["stage"]: record["run_id"] for record in records if record is not None}
        self.send(send_results, files, metrics=numbers(metrics), upstream=upstream)

    def send(self, call: Callable[..., Any], files: Sequence[Path] = (), **arguments: Any) -> None:
        """Call a function of this room with this run, files and JSON's values; or keep all that."""
        if self._kept is None:
            try:
                call(self, list(files), **arguments)
            except Exception as error:
                if not (is_served() and is_lost(error)):
                    raise
                be_impatient()
                self._kept = Record(self.run_id, self.parent_id)
                text = (
                    f"the MLflow server {mlflow.get_tracking_uri()} is lost; the stage goes on, "
                    f"and what it has to say is kept in {self._kept.folder}: the next run sends "
                    "it, or `python -m stages.backfill`"
                )
                warnings.warn(without_password(text), stacklevel=3)
        if self._kept is not None:
            self._kept.add(call, files, arguments)

    def close(self) -> None:
        """End what MLflow takes for the active run, after its status was sent or kept."""
        if self._kept is not None:
            self._kept.close()
            with suppress(Exception):  # the server is lost: its status is kept
                mlflow.end_run()


def send_metrics(run: StageRun, files: list[Path], metrics: dict[str, float]) -> None:
    """Log numbers to a stage's run."""
    mlflow.log_metrics(metrics, run_id=run.run_id)


def send_curve(run: StageRun, files: list[Path], rows: list[dict[str, float]], now: int) -> None:
    """Log a learning curve: rows with `epoch`."""
    points = [
        Metric(name, value, now, int(row["epoch"]))
        for row in rows
        for name, value in row.items()
        if name != "epoch"
    ]
    MlflowClient().log_batch(run.run_id, metrics=points)


def send_model(run: StageRun, files: list[Path], name: str) -> None:
    """Log a net, which lies in two files."""
    net = load_net(files[0].parent, name)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No complete tensor found")  # of tensors on GPUs
        mlflow.pytorch.log_model(
            net,
            name=name,
            input_example=np.zeros((8, net.n_features), dtype=np.float32),
            serialization_format="pt2",  # elsewhere the default may be a pickle
            pip_requirements=[f"torch=={torch.__version__.partition('+')[0]}"],
        )


def send_dataset(run: StageRun, files: list[Path], name: str, sha256: str) -> None:
    """Name the data of a configuration."""
    client = MlflowClient()
    content = Dataset(name, sha256[:8], "code", json.dumps({"sha256": sha256}))
    used = DatasetInput(content, [InputTag("mlflow.data.context", "training")])
    if client.get_run(run.parent_id).data.tags.get("data.sha256") != sha256:
        client.update_run(run.parent_id, "RUNNING")  # its scores are of others
    client.log_inputs(run.parent_id, datasets=[used])
    client.set_tag(run.parent_id, "data.sha256", sha256)


def send_results(
    run: StageRun, files: list[Path], metrics: dict[str, float], upstream: dict[str, str]
) -> None:
    """Give a configuration its files and scores."""
    client = MlflowClient()
    for stage, run_id in upstream.items():
        client.set_tag(run.parent_id, f"upstream.{stage}", run_id)
    for path in files:
        client.log_artifact(run.parent_id, str(path))
    mlflow.log_metrics(metrics, run_id=run.parent_id)


def send_status(run: StageRun, files: list[Path], status: str, is_last: bool) -> None:
    """End a stage's run, and with the last stage, or a failure, the configuration's."""
    client = MlflowClient()
    mlflow.end_run(status)
    if status == "FINISHED":
        if is_last:
            client.set_terminated(run.parent_id, status)
    # What was finished keeps its scores until other data or other scores come.
    elif is_last or client.get_run(run.parent_id).info.status != "FINISHED":
        client.set_terminated(run.parent_id, status)


def numbers(metrics: dict[str, Any]) -> dict[str, float]:
    """Return the numbers among metrics, as floats."""
    return {name: float(v) for name, v in metrics.items() if isinstance(v, int | float)}
