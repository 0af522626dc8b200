"""Write the settings of the chosen data set, a file for each part, with defaults filled in.

A stage depends on the parts that it reads: so a change of one runs only what it concerns, and a
data set's block need not say what it leaves as it is.
"""

import os
import sys
from pathlib import Path

from spectralnet.artifacts import save_json
from spectralnet.config.limits import check_former
from spectralnet.config.params import Params
from spectralnet.config.reading import read_params
from spectralnet.config.settings import Settings
from spectralnet.errors import ParameterError, SpectralNetError
from spectralnet.methods.growing.former import Former

# What several stages read of a part: a change of the rest does not concern them.
VIEWS = {"eigenspace": ("spectralnet", ("n_components", "sampler"))}


def check_paths(params: Params) -> None:
    """Refuse paths that are not there; DVC looks for ``own.path`` whatever the data set."""
    own = params.datasets["own"]
    paths = {"own.path": own.path, f"{params.dataset}.path": getattr(params.settings, "path", ".")}
    if params.graph_is_given:
        paths["own.precomputed"] = own.precomputed
    for name in ("must_link", "cannot_link", "warm_start"):  # for which DVC looks, too
        if (path := getattr(own, name)) is None:
            raise ParameterError(
                f"own.{name} is null, but DVC looks for it: go back to what was committed"
            )
        paths[f"own.{name}"] = path
    for name, path in paths.items():
        if not os.path.exists(path):  # noqa: PTH110, Path's fails on names that are too long
            raise ParameterError(
                f"{name} = {path} does not exist: correct it, or go back to what was committed, "
                "git checkout HEAD -- params.yaml"
            )
    check_warm_start(params)


def check_warm_start(params: Params) -> None:
    """Refuse a former model that does not fit the parameters, or that a stage would overwrite."""
    path = getattr(params.settings, "warm_start", None)
    if path is not None and Path(path).resolve().is_relative_to(Path("artifacts").resolve()):
        raise ParameterError(
            f"{params.dataset}.warm_start = {path} is what a stage writes: copy it, as in "
            f"`cp -r {path} data/own/former`, and name the copy"
        )
    check_former(Former.load(path), params.settings, params.space, params.affinity)


def write_settings(folder: str) -> None:
    """Write ``<part>.json`` for each part of the settings, and ``data.json`` for the rest."""
    params = read_params()
    check_paths(params)
    settings = params.settings.model_dump()
    parts = {name: settings.pop(name) for name in Settings.model_fields}
    for view, (part, names) in VIEWS.items():
        parts[view] = {name: parts[part][name] for name in names}
    for name, value in (parts | {"data": settings}).items():  # a set's order would vary
        save_json(params.fill(folder) / f"{name}.json", value)


if __name__ == "__main__":
    try:
        write_settings(sys.argv[1])
    except SpectralNetError as error:
        sys.exit(f"stage settings: {error}")
