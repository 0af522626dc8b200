"""Say what is wrong with params.yaml before DVC looks for what it names."""

import os
import sys

from spectralnet.config.params import Params
from spectralnet.config.reading import read_params
from spectralnet.errors import ParameterError


def check_paths(params: Params) -> None:
    """Refuse paths that are not there; DVC looks for ``own.path`` whatever the data set."""
    own = params.datasets["own"]
    paths = {"own.path": own.path, f"{params.dataset}.path": getattr(params.settings, "path", ".")}
    if params.graph_is_given:
        paths["own.precomputed"] = own.precomputed
    for name, path in paths.items():
        if not os.path.exists(path):  # noqa: PTH110, Path's fails on names that are too long
            raise ParameterError(
                f"{name} = {path} does not exist: correct it, or go back to what was committed, "
                "git checkout HEAD -- params.yaml"
            )


if __name__ == "__main__":
    try:
        check_paths(read_params())
    except ParameterError as error:
        sys.exit(str(error))
