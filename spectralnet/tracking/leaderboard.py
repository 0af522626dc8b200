"""What MLflow remembers of the configurations that were run."""

from pathlib import Path
from urllib.parse import urlsplit

import mlflow
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from spectralnet.errors import DataError
from spectralnet.tracking.runs import EXPERIMENT, set_store


def find_store() -> None:
    """Point MLflow at the store to read from it; a `DataError` if there is none."""
    set_store()
    local = mlflow.get_tracking_uri().partition("sqlite:///")[2]
    if local and not Path(local).exists():
        raise DataError(
            f"there is no MLflow store {local}: run from the root of a checkout with runs, or "
            "set MLFLOW_TRACKING_URI"
        )


def without_password(text: str) -> str:
    """Take user and password of the store's address out of a text that is shown."""
    user, at, _ = urlsplit(mlflow.get_tracking_uri()).netloc.rpartition("@")
    return text.replace(user + at, "")


def finished_pipelines() -> list[Run]:
    """List the runs of configurations that were evaluated, the oldest first."""
    find_store()
    found = mlflow.search_runs(
        experiment_names=[EXPERIMENT],
        filter_string="tags.stage = 'pipeline' and attributes.status = 'FINISHED' "
        "and metrics.seconds > 0",
        order_by=["attributes.end_time ASC"],
        output_format="list",
    )
    return list(found)


def fetch_results(run_id: str, folder: Path) -> dict[str, str]:
    """Copy metrics and pictures of a configuration's run into `folder`; return its parameters."""
    find_store()
    client = MlflowClient()
    try:
        params = client.get_run(run_id).data.params
        for name in ("metrics.json", "pictures"):
            client.download_artifacts(run_id, name, str(folder))
    except (MlflowException, OSError) as error:
        store = without_password(mlflow.get_tracking_uri())
        raise DataError(f"{run_id} is no evaluated run in {store}") from error
    return params
