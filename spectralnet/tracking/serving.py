"""What MLflow runs to serve a predictor: a model from code, so that nothing is pickled."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from spectralnet.data.texts import Tfidf
from spectralnet.errors import DataError, ParameterError
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
        """Assign raw samples, an array or a table, to clusters: see `as_frame`.

        The parameters ``embedding`` and ``probabilities`` say whether to give these too,
        ``n_clusters`` how many clusters the hierarchy is to be cut in.
        """
        is_text = isinstance(self.predictor.preparation, Tfidf)
        raw = model_input["text"].tolist() if is_text else model_input
        more = dict(params or {})
        try:
            assigned = self.predictor.predict(raw, n_clusters=more.pop("n_clusters", None))
            return as_frame(assigned, **more)
        except (DataError, ParameterError) as error:  # a server answers others with "unexpected"
            raise MlflowException.invalid_parameter_value(str(error)) from error


set_model(ServedPredictor())
