"""MLflow's store: where it is, whether it answers, and how it is made."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import mlflow
import requests
from filelock import FileLock
from mlflow.exceptions import MlflowException, RestException
from mlflow.tracking import MlflowClient

from spectralnet.artifacts import whole_file
from spectralnet.errors import DataError
from spectralnet.tracking.checkout import main_root

EXPERIMENT = "spectralnet"
# A server that is lost in a stage costs some seconds, and not MLflow's four minutes a call.
RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
SECONDS = "MLFLOW_HTTP_REQUEST_TIMEOUT"
FEW = "2"


def lock() -> FileLock:
    """Let one process at a time create what two would spoil: a store, a parent, a version."""
    return FileLock(main_root() / "mlflow.db.lock", is_singleton=True)  # may be taken twice


def find_store() -> None:
    """Point MLflow at the store to read from it; a `DataError` if there is none."""
    set_store()
    local = mlflow.get_tracking_uri().partition("sqlite:///")[2]
    if local and not Path(local).exists():
        raise DataError(
            f"there is no MLflow store {local}: run from the root of a checkout with runs, or "
            "set MLFLOW_TRACKING_URI"
        )


def check_store() -> None:
    """Refuse a server that does not answer at once, before any work: a `DataError`."""
    set_store()
    if not is_served():
        return
    with _environment({RETRIES: "0", SECONDS: "5"}):
        try:
            MlflowClient().search_experiments(max_results=1)
        except (MlflowException, OSError) as error:
            text = (
                f"the MLflow server {mlflow.get_tracking_uri()} does not answer: start it, or "
                "correct MLFLOW_TRACKING_URI; unset, runs are logged to mlflow.db. It said: "
                f"{error}"
            )
            raise DataError(without_password(text)) from error


def is_lost(error: BaseException) -> bool:
    """Tell a server that is gone, or behind a gateway that says so, from one that refuses."""
    if isinstance(error, RestException):
        return error.get_http_status_code() in (502, 503, 504)
    gone = requests.RequestException | ConnectionError
    return isinstance(error, gone) or isinstance(error.__cause__ or error.__context__, gone)


def is_served() -> bool:
    """Say whether the store is a server."""
    return mlflow.get_tracking_uri().startswith(("http:", "https:"))


def be_impatient() -> None:
    """Wait no longer for a server that is lost."""
    os.environ |= {RETRIES: "0", SECONDS: "1"}


def without_password(text: str) -> str:
    """Take user, password and query of the store's address out of a text that is shown."""
    address = urlsplit(mlflow.get_tracking_uri())
    user, at, _ = address.netloc.rpartition("@")
    return text.replace(user + at, "").replace(address.query or "?", "")


def set_store() -> None:
    """Point MLflow at ``MLFLOW_TRACKING_URI``, or else ``mlflow.db`` in the main checkout."""
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", str(sys.stderr.isatty()))
    os.environ.setdefault(RETRIES, FEW)
    uri = os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    if (path := uri.removeprefix("sqlite:///")) != uri:  # DVC's temporary workspaces do not last
        mlflow.set_tracking_uri(f"sqlite:///{main_root() / path}")
    elif uri.startswith(("http:", "https:")):
        _take_password_out(uri)


def _take_password_out(uri: str) -> None:
    """Give MLflow user and password of a server's address apart from it, for it prints that."""
    address = urlsplit(uri)
    _, at, host = address.netloc.rpartition("@")
    if at:
        os.environ["MLFLOW_TRACKING_USERNAME"] = unquote(address.username or "")
        os.environ["MLFLOW_TRACKING_PASSWORD"] = unquote(address.password or "")
        mlflow.set_tracking_uri(address._replace(netloc=host).geturl())


def open_store() -> str:
    """Return the id of the experiment, which is created if it is not there. Needs the `lock`.

    A `DataError` if the store is damaged.
    """
    set_store()
    local = mlflow.get_tracking_uri().partition("sqlite:///")[2]
    try:
        if local and not Path(local).exists():
            make_store(Path(local))
        if not is_served() and mlflow.get_experiment_by_name(EXPERIMENT) is None:
            # Else artifacts would go to the folder of whoever comes first, which may not last.
            mlflow.create_experiment(EXPERIMENT, (main_root() / "mlartifacts").as_uri())
        return mlflow.set_experiment(EXPERIMENT).experiment_id
    except Exception as error:  # of MLflow, SQLAlchemy, Alembic or SQLite
        if not local or "is full" in str(error) or "is locked" in str(error):
            raise
        said = str(error).partition("\n")[0]
        raise DataError(
            f"the MLflow store {local} is damaged, or of another version of MLflow ({said}): move "
            "it away, and the next run makes a new one"
        ) from error


def make_store(path: Path) -> None:
    """Make the tables under another name: half made, by a kill, they would never be completed."""
    with whole_file(path) as partial, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tables that MLflow's own steps move
        MlflowClient(f"sqlite:///{partial}").search_experiments(max_results=1)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ |= values
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
