"""What params.yaml and docs/parameters.md say, against the parameters themselves."""

import inspect
import re

import yaml
from clones import ROOT

from spectralnet.config.params import Params
from spectralnet.config.reading import read_raw
from spectralnet.config.settings import SMALL, Settings
from spectralnet.data.sets.catalogue import SOURCES
from spectralnet.methods.catalogue import BLOCKS
from spectralnet.nets.training import TrainingParams
from spectralnet.parameters import Block
from spectralnet.spectral.training import SURPLUS


def documented() -> dict[str, list[object]]:
    """The cells of the tables in docs/parameters.md, by parameter; values as YAML reads them."""
    lines = (ROOT / "docs/parameters.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line[:3] == "| `"]
    names = [row[0].strip("`") for row in rows]
    assert len(set(names)) == len(names)
    return {
        name: [yaml.safe_load(c[1:-1]) if re.fullmatch("`[^`]*`", c) else c for c in row[1:]]
        for name, row in zip(names, rows, strict=True)
    }


def leaves(block, prefix=""):
    """The defaults of a block's parameters, by dotted name; "none" where there is none."""
    found = {}
    for name, field in block.model_fields.items():
        if inspect.isclass(field.annotation) and issubclass(field.annotation, Block):
            found |= leaves(field.annotation, f"{prefix}{name}.")
        else:
            found[prefix + name] = "none" if field.is_required() else field.default
    return found


def flat(parts):
    return {f"{part}.{name}": v for part, values in parts.items() for name, v in values.items()}


def test_every_parameter_is_documented_with_its_default():
    table, small = documented(), flat(SMALL)
    settings = leaves(Settings) | {
        "source": "the block's name, else `own`",
        "spectralnet.n_components": f"`n_clusters` + {SURPLUS}",
    }
    others = {name: source.options for name, source in SOURCES.items()} | BLOCKS
    expected = {name: [default, small.get(name, "")] for name, default in settings.items()}
    for block, params in others.items():
        expected |= {f"{block}.{name}": [default] for name, default in leaves(params).items()}
    trainings = {f"*.{name}": [] for name in TrainingParams.model_fields}
    tops = {name: [] for name in Params.model_fields}
    assert {name: cells[:-1] for name, cells in table.items()} == expected | trainings | tops


def dotted(block, prefix=""):
    """The names in a block of params.yaml."""
    found = set()
    for name, value in block.items():
        inner = dotted(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name}
        found |= inner
    return found


def test_every_parameter_has_its_name_in_params_yaml():
    """Else ``dvc exp run -S`` finds none to change."""
    raw = read_raw(ROOT / "params.yaml")
    blocks = {
        name for name, field in Settings.model_fields.items()
        if inspect.isclass(field.annotation) and issubclass(field.annotation, Block)
    }  # fmt: skip
    assert raw["defaults"].keys() == blocks
    expected = {name for name in leaves(Settings) if name.partition(".")[0] in blocks}
    assert dotted(raw["defaults"]) == expected
    for method, params in BLOCKS.items():
        assert dotted(raw[method]) == leaves(params).keys()
