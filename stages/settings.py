"""Write the settings of the chosen data set, a file for each part, with defaults filled in.

A stage depends on the parts that it reads: so a change of one runs only what it concerns, and a
data set's block need not say what it leaves as it is.
"""

import sys

from spectralnet.artifacts import save_json
from spectralnet.config.reading import read_params
from spectralnet.config.settings import Settings
from spectralnet.errors import ParameterError

# What several stages read of a part: a change of the rest does not concern them.
VIEWS = {
    "weights": ("graph", ("n_neighbours", "scale", "scale_neighbour", "overlap")),
    "eigenspace": ("spectralnet", ("n_components", "sampler")),
}


def write_settings(folder: str) -> None:
    """Write ``<part>.json`` for each part of the settings, and ``data.json`` for the rest."""
    params = read_params()
    settings = params.settings.model_dump()
    parts = {name: settings.pop(name) for name in Settings.model_fields}
    for view, (part, names) in VIEWS.items():
        parts[view] = {name: parts[part][name] for name in names}
    for name, value in (parts | {"data": settings}).items():  # a set's order would vary
        save_json(params.fill(folder) / f"{name}.json", value)


if __name__ == "__main__":
    try:
        write_settings(sys.argv[1])
    except ParameterError as error:
        sys.exit(f"stage settings: {error}")
