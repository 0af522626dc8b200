"""What MLflow remembers of the configurations that were run."""

from pathlib import Path
from typing import NamedTuple

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from spectralnet.errors import DataError
from spectralnet.tracking.runs import DIRTY, EXPERIMENT, find_store


class PipelineRun(NamedTuple):
    """What MLflow remembers of a configuration.

    The commit ends with "-dirty" where the code that ran differed from it.
    """

    run_id: str
    commit: str
    params: dict[str, str]
    metrics: dict[str, float]


def finished_pipelines() -> list[PipelineRun]:
    """List the configurations that were evaluated, the oldest first.

    Raises
    ------
    DataError
        If there is no store.
    """
    find_store()
    client = MlflowClient()
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is None:
        return []
    runs = client.search_runs(
        [experiment.experiment_id],
        "tags.stage = 'pipeline' and attributes.status = 'FINISHED' and metrics.seconds > 0",
        order_by=["attributes.end_time ASC"],
        max_results=50_000,
    )
    return [
        PipelineRun(run.info.run_id, _code(run.data.tags), run.data.params, run.data.metrics)
        for run in runs
    ]


def _code(tags: dict[str, str]) -> str:
    return tags["git.commit"][:12] + ("-dirty" if DIRTY in tags else "")


def fetch_artifact(run_id: str, name: str, folder: Path) -> Path:
    """Copy a run's artifact into `folder` and return its path there."""
    return Path(MlflowClient().download_artifacts(run_id, name, str(folder)))


def fetch_results(run_id: str, folder: Path) -> dict[str, str]:
    """Copy the metrics and pictures of a configuration's run into `folder`.

    Returns
    -------
    dict of str to str
        Its parameters.

    Raises
    ------
    DataError
        If the store has no such run, or it was not evaluated.
    """
    find_store()
    client = MlflowClient()
    try:
        params = client.get_run(run_id).data.params
        for name in ("metrics.json", "pictures"):
            client.download_artifacts(run_id, name, str(folder))
    except (MlflowException, OSError) as error:
        raise DataError(f"{run_id} is no evaluated run in {mlflow.get_tracking_uri()}") from error
    return params
