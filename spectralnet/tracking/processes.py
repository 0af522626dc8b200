"""Which processes the runs are of: a run whose process was killed is not running."""

import os
import socket

import psutil
from mlflow.tracking import MlflowClient

PROCESS = "process"  # tag: host, number, seconds at which it was started


def this_process() -> str:
    """Describe this process, so that others tell whether it still runs."""
    return _describe(psutil.Process())


def who_runs_stages() -> str:
    """Describe the process that runs one stage after the other: DVC, or else this one."""
    me = psutil.Process()
    parent = me.parent() if "DVC_STAGE" in os.environ else None
    return _describe(parent or me)


def close_orphans(experiment_id: str) -> None:
    """Close as KILLED the runs of this host whose process has ended and could not do so."""
    client = MlflowClient()
    for run in client.search_runs([experiment_id], "attributes.status = 'RUNNING'"):
        if (process := run.data.tags.get(PROCESS)) and is_over(process):
            client.set_terminated(run.info.run_id, "KILLED")


def is_over(process: str) -> bool:
    """Say whether a process has ended: not of another host's, which cannot be known."""
    host, number, started = process.rsplit(" ", 2)
    if host != socket.gethostname():
        return False
    try:
        return abs(psutil.Process(int(number)).create_time() - float(started)) > 2
    except psutil.NoSuchProcess:
        return True


def _describe(process: psutil.Process) -> str:
    return f"{socket.gethostname()} {process.pid} {process.create_time():.0f}"
