"""The predictor in MLflow: logged as code and weights, registered, and fetched again."""

import importlib.metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature, infer_signature
from mlflow.models.model import ModelInfo
from mlflow.tracking import MlflowClient
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

from spectralnet.artifacts import EXAMPLE, load_json
from spectralnet.data.preparation import Preparation
from spectralnet.data.texts import Tfidf
from spectralnet.errors import DataError
from spectralnet.folders import MANIFEST, read_manifest
from spectralnet.methods.predictor import FILES, Predictor
from spectralnet.tracking.stage import StageRun
from spectralnet.tracking.store import find_store, lock, without_password

PACKAGE = Path(__file__).parents[1]
# What `spectralnet.methods.predictor` imports; MLflow adds itself.
REQUIREMENTS = (
    "nltk", "numpy", "pandas", "pydantic", "safetensors", "scikit-learn", "scipy", "threadpoolctl",
    "torch", "tqdm",
)  # fmt: skip

OUTPUTS = [ColSpec("long", "cluster"), ColSpec("float", "distance")]
TOLD = [ColSpec("float", "probability"), ColSpec("float", "outlier_score")]
# Which columns are asked for too, and how many clusters: see `as_frame` and `Predictor.predict`.
OPTIONS = ParamSchema(
    [
        *(ParamSpec(name, "boolean", False) for name in ("embedding", "probabilities")),
        ParamSpec("n_clusters", "long", None),
    ]
)


def predictor_files(folder: Path) -> list[Path]:
    """List what is logged of a trained model's folder."""
    sealed = read_manifest(folder)  # by former versions nothing
    names = [*FILES, EXAMPLE, *sealed, *([MANIFEST] if sealed else [])]
    return [folder / name for name in dict.fromkeys(names)]


def send_predictor(run: StageRun, files: list[Path], card: str, name: str, alias: str) -> None:
    """Log a trained model, whose files lie in one folder; see `log_predictor`."""
    log_predictor(files[0].parent, card, name, alias)


def log_predictor(folder: Path, card: str, name: str, alias: str) -> ModelInfo:
    """Log a trained model to the active run, and register it.

    Parameters
    ----------
    folder : Path
        With what `Predictor.load` reads, and samples (``example.json``).
    card : str
        The model card, Markdown: logged beside the model, and the version's description.
    name, alias : str
        Of the registered model; the alias moves to this version.
    """
    samples = load_json(folder / EXAMPLE)["samples"]
    predictor = Predictor.load(folder)
    example = _example(samples, predictor.preparation)
    outputs = Schema([*OUTPUTS, *(TOLD if predictor.model.membership is not None else ())])
    with TemporaryDirectory() as temporary, lock():
        card_file = Path(temporary) / "MODEL_CARD.md"
        card_file.write_text(card, encoding="utf-8")
        files = [*predictor_files(folder), card_file]
        logged = mlflow.pyfunc.log_model(
            name="predictor",
            python_model=str(PACKAGE / "tracking/serving.py"),
            code_paths=[str(PACKAGE)],
            artifacts={file.name: str(file) for file in files},
            signature=ModelSignature(infer_signature(example).inputs, outputs, OPTIONS),
            input_example=example,
            pip_requirements=[f"{package}=={_version(package)}" for package in REQUIREMENTS],
            registered_model_name=name,
        )
        client = MlflowClient()
        client.set_registered_model_alias(name, alias, logged.registered_model_version)
        client.update_model_version(name, logged.registered_model_version, description=card)
    return logged


def fetch_model(uri: str, folder: Path) -> Path:
    """Copy a logged predictor's files into `folder`; return where `Predictor.load` finds them.

    A `DataError` if MLflow has no such model.
    """
    find_store()
    try:
        local = Path(mlflow.artifacts.download_artifacts(uri, dst_path=str(folder)))
    except (MlflowException, OSError) as error:
        text = f"model {uri} cannot be had from the store {mlflow.get_tracking_uri()}: {error}"
        raise DataError(without_password(text)) from error
    return local / "artifacts"


def _example(samples: list[Any], preparation: Preparation) -> np.ndarray | pd.DataFrame:
    """Return samples of which MLflow infers what a request may hold.

    Numbers are floats, whatever was fitted: MLflow casts a request to the type of its schema, and
    integers would cut off fractions. Columns are named where the names are known: by these MLflow
    puts them in order.
    """
    if isinstance(preparation, Tfidf):
        return pd.DataFrame({"text": samples})
    numbers = np.array(samples, dtype=np.float64)  # (3, ...)
    names = getattr(preparation, "names", None)
    return numbers if names is None else pd.DataFrame(numbers, columns=names)


def _version(package: str) -> str:
    return importlib.metadata.version(package).partition("+")[0]  # of torch, without "+cpu"
