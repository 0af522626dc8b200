"""What MLflow runs to serve a predictor: a model from code, so that nothing is pickled."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from spectralnet.methods.predictor import Predictor, as_frame


class ServedPredictor(PythonModel):
    """A predictor behind MLflow's interface."""

    def load_context(self, context: Any) -> None:
        """Read the model from the artifacts, which lie in one folder."""
        self.predictor = Predictor.load(Path(context.artifacts["model.json"]).parent)

    def predict(
        self, context: Any, model_input: np.ndarray, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Assign raw samples to clusters.

        Parameters
        ----------
        context : PythonModelContext
        model_input : ndarray or DataFrame
            Images or rows as an array, or texts as the one column of a table. (The
            annotation has room for one of them: MLflow warns of a union.)
        params : dict, optional
            ``embedding``: whether to give the embedding too.

        Returns
        -------
        DataFrame
            See `spectralnet.methods.predictor.as_frame`.
        """
        is_table = isinstance(model_input, pd.DataFrame)
        raw = model_input["text"].tolist() if is_table else model_input
        return as_frame(self.predictor.predict(raw), bool((params or {}).get("embedding")))


set_model(ServedPredictor())
