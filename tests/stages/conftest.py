import shutil

import pytest
from mlflow.tracking import MlflowClient


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory):
    """MLflow's store without a run: its tables take a second to make."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A main checkout that has no store yet."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.setenv(name, "")  # what is set in a test ends with it
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


@pytest.fixture
def store(checkout, empty_store):
    """A main checkout with an empty store."""
    shutil.copyfile(empty_store, checkout / "mlflow.db")
    return checkout
