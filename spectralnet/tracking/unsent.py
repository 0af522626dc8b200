"""What a lost server did not hear: kept in files, in order, and sent when it is back."""

import importlib
import secrets
import shutil
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException

from spectralnet.artifacts import load_json, save_json
from spectralnet.errors import DataError
from spectralnet.tracking.checkout import main_root
from spectralnet.tracking.processes import is_over, this_process
from spectralnet.tracking.store import is_lost, lock, without_password

FILE = "record.json"


class Record:
    """Calls that could not be made, in a folder of their own."""

    def __init__(self, run_id: str, parent_id: str) -> None:
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
        self.folder = _kept_in() / name
        self._calls: list[dict[str, Any]] = []
        self._about = {
            "store": without_password(mlflow.get_tracking_uri()),
            "run_id": run_id,
            "parent_id": parent_id,
            "process": this_process(),
        }

    def add(self, call: Callable[..., Any], files: Sequence[Path], arguments: dict) -> None:
        """Keep a call of a function of this room with copies of its files."""
        folder = self.folder / str(len(self._calls))
        folder.mkdir(parents=True)
        for path in files:
            copy = shutil.copytree if path.is_dir() else shutil.copy2
            copy(path, folder / path.name)
        self._calls.append(
            {
                "call": f"{call.__module__}:{call.__name__}",
                "files": [f"{folder.name}/{path.name}" for path in files],
                "arguments": arguments,
            }
        )
        self._save()

    def close(self) -> None:
        """Say that nothing follows: it can be sent."""
        del self._about["process"]
        self._save()

    def _save(self) -> None:
        save_json(self.folder / FILE, self._about | {"calls": self._calls})


def send_unsent(open_run: Callable[[str, str], Any]) -> None:
    """Tell the server what it did not hear of stages that are over.

    `open_run` makes a `StageRun` of the ids of a run and its parent. What the server refuses is
    a warning, and stays.
    """
    with lock():
        for path in sorted(_kept_in().glob(f"*/{FILE}")):
            record = load_json(path)
            if record["store"] != without_password(mlflow.get_tracking_uri()):
                continue
            if "process" in record and not is_over(record["process"]):
                continue
            try:
                _send(path, record, open_run(record["run_id"], record["parent_id"]))
            except (MlflowException, OSError) as error:
                if is_lost(error):
                    warnings.warn(f"the MLflow server is lost again: {error}", stacklevel=2)
                    return
                warnings.warn(
                    f"{path.parent} cannot be sent to MLflow, and stays there; remove it if its "
                    f"run is gone: {error}",
                    stacklevel=2,
                )


def _send(path: Path, record: dict[str, Any], run: Any) -> None:
    mlflow.start_run(run_id=record["run_id"])
    try:
        while record["calls"]:
            kept = record["calls"][0]
            send = _find(kept["call"])
            send(run, [path.parent / file for file in kept["files"]], **kept["arguments"])
            record["calls"].pop(0)  # what was sent is not sent twice
            save_json(path, record)
    finally:
        mlflow.end_run("KILLED")  # unless its own status was among the calls
    shutil.rmtree(path.parent)


def _find(call: str) -> Callable[..., Any]:
    """Return the function of this room that a file names; others are none of its business."""
    module, _, name = call.partition(":")
    if module.rpartition(".")[0] != __package__ or not name.startswith("send_"):
        raise DataError(f"{_kept_in()} names {call}, which sends nothing: remove that record")
    return getattr(importlib.import_module(module), name)


def _kept_in() -> Path:
    return main_root() / ".unsent"
