"""A trained model, wherever it is kept."""

from pathlib import Path
from tempfile import TemporaryDirectory

from spectralnet.errors import ParameterError
from spectralnet.methods.predictor import Predictor


def load_predictor(model: str) -> Predictor:
    """Load a model from a folder, or from MLflow (``models:/NAME@ALIAS``, ``runs:/ID/predictor``).

    Raises
    ------
    DataError
        If it is not there, or damaged.
    ParameterError
        If MLflow keeps it, and is not installed.
    """
    if ":/" not in model:
        return Predictor.load(Path(model))
    try:
        from spectralnet.tracking.registry import fetch_model
    except ModuleNotFoundError as error:
        raise ParameterError(
            f"MODEL {model} is kept by MLflow, which is not installed: "
            "pip install 'spectralnet-pipeline[pipeline]'"
        ) from error
    with TemporaryDirectory() as folder:
        return Predictor.load(fetch_model(model, Path(folder)))
