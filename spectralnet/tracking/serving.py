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

    # MLflow warns of an annotation that names both kinds of input.
    def predict(
        self, context: Any, model_input: np.ndarray, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Assign raw samples, an array or a table of texts, to clusters: see `as_frame`.

        The parameter ``embedding`` says whether to give the embedding too.
        """
        is_table = isinstance(model_input, pd.DataFrame)
        raw = model_input["text"].tolist() if is_table else model_input
        return as_frame(self.predictor.predict(raw), bool((params or {}).get("embedding")))


set_model(ServedPredictor())
