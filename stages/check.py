"""Say what is wrong before DVC begins: params.yaml, the MLflow server, a lock that a kill left."""

import json
import os
import sys
from pathlib import Path

import psutil

from spectralnet.config.reading import read_params
from spectralnet.errors import DataError, SpectralNetError
from stages.settings import check_paths

RWLOCK = Path(".dvc/tmp/rwlock")


def check_server() -> None:
    """Refuse an MLflow server that does not answer, before any stage runs."""
    if os.environ.get("MLFLOW_TRACKING_URI", "").startswith("http"):
        from spectralnet.tracking.store import check_store  # to import MLflow takes seconds

        check_store()


def mend_rwlock() -> None:
    """Empty DVC's list of who reads and writes what, if a kill left it cut off.

    Else all commands of DVC end with "JSON structure is corrupted".
    """
    if not RWLOCK.exists():
        return
    try:
        json.loads(RWLOCK.read_text(encoding="utf-8"))
    except ValueError as error:
        if running := _running_dvc():
            raise DataError(
                f"{RWLOCK}, DVC's list of locks, is damaged, and DVC runs here (process "
                f"{running}): wait for it, or end it, and give the same command again"
            ) from error
        RWLOCK.unlink()
        print(f"removed {RWLOCK}, DVC's list of locks, which a kill had damaged: DVC does not run")


def _running_dvc() -> int | None:
    """Return the number of a process of DVC's in this checkout."""
    for process in psutil.process_iter(["cmdline", "cwd"]):
        command, folder = (process.info[name] or "" for name in ("cmdline", "cwd"))
        names = {Path(part).name for part in command[:3]}  # python -m dvc, or python /.../bin/dvc
        if "dvc" in names and folder and Path(folder).is_relative_to(Path.cwd()):
            return process.pid
    return None


if __name__ == "__main__":
    try:
        check_paths(read_params())
        mend_rwlock()
        check_server()
    except SpectralNetError as error:
        sys.exit(str(error))
