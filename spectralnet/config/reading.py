"""The parameter file, read and checked."""

import re
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, create_model

from spectralnet.config.params import Params, source_of
from spectralnet.config.settings import Settings, validate, without_nulls
from spectralnet.data.sets.catalogue import SOURCES
from spectralnet.errors import ParameterError
from spectralnet.methods.catalogue import BLOCKS

NAME = re.compile(r"[A-Za-z][\w-]*")  # of a data set: it becomes part of paths
MOST_VALUES = 100_000
NULLS = "defaults"  # the block that names what may be set, for others to merge


def read_params(path: str | Path = "params.yaml") -> Params:
    """Read and validate a parameter file.

    Parameters
    ----------
    path : str or Path, default="params.yaml"
        A YAML file: see `params_of`.

    Returns
    -------
    Params

    Raises
    ------
    ParameterError
        If a parameter is missing, unknown, or of a value that it cannot have; every
        one of them is named.
    """
    return params_of(read_raw(path), path)


def read_raw(path: str | Path = "params.yaml") -> Any:
    """Read a parameter file without validating it; a `ParameterError` if it is no YAML.

    What DVC would read otherwise (names that stand twice, numbers such as 017), or what is larger
    than any parameters are once its aliases are followed, is refused.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        raw = yaml.load(text, _Loader)  # noqa: S506, a SafeLoader
        _check_size(raw)
    except FileNotFoundError as error:
        raise ParameterError(f"{path} is missing: run from the root of the checkout") from error
    except UnicodeDecodeError as error:
        raise ParameterError(f"{path} is no UTF-8: {error}") from error
    except OSError as error:
        raise ParameterError(f"{path} cannot be read: {error}") from error
    except RecursionError as error:
        raise ParameterError(f"{path} is nested too deeply") from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise ParameterError(f"{path} is no YAML: {error}") from error
    return raw


class _Loader(yaml.SafeLoader):
    """Reads YAML as DVC does."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        names = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        if twice := [name for name in names if names.count(name) > 1]:
            raise yaml.constructor.ConstructorError(
                None, None, f"{twice[0]!r} stands twice", node.start_mark
            )
        return node

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        if not re.fullmatch(r"[-+]?(0|[1-9]\d*)", node.value):
            raise yaml.constructor.ConstructorError(
                None, None, f"{node.value} is read as another number elsewhere", node.start_mark
            )
        return super().construct_yaml_int(node)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def _check_size(tree: Any) -> None:
    """Refuse more than `MOST_VALUES`, which few aliases of aliases may hold."""
    todo, seen = [tree], 0
    while todo:
        value = todo.pop()
        seen += 1
        if seen > MOST_VALUES:
            raise ValueError(f"it holds more than {MOST_VALUES} values")
        if isinstance(value, dict | list):
            todo += value.values() if isinstance(value, dict) else value


def params_of(raw: Any, source: str | Path) -> Params:
    """Validate the contents of a parameter file.

    Parameters
    ----------
    raw : dict
        The fields of `Params`; a block for each method that has parameters; one called
        "defaults", of nulls, for others to merge; every other block is a data set's: its
        `Settings`, and what its source asks for. The `source` is one of `SOURCES`: by default
        that of the block's name, or else "own".
    source : str or Path
        What messages call the file.

    Raises
    ------
    ParameterError
        See `read_params`.
    """
    if not isinstance(raw, dict):
        raise ParameterError(f"{source} holds no parameters by name")
    raw = {name: {} if block is None and name in SOURCES else block for name, block in raw.items()}
    _check_nulls(raw.pop(NULLS, None) or {}, source)
    fields: dict[str, Any] = {name: (block, ...) for name, block in BLOCKS.items()}
    for i, name in enumerate(raw):
        if isinstance(raw[name], dict) and name not in Params.model_fields.keys() | BLOCKS.keys():
            fields[f"dataset_{i}"] = (_data_set(name, raw[name], source), Field(alias=name))
            raw[name] = _with_defaults(name, raw[name])
    for name, block in BLOCKS.items():
        said = raw.get(name) or {}
        raw[name] = without_nulls(said, block) if isinstance(said, dict) else said
    return validate(create_model("ParamsFile", __base__=Params, **fields), raw, source)


def _data_set(name: str, block: dict[str, Any], source: str | Path) -> type[Settings]:
    """Build the schema of a data set's block: its settings, and what its source asks for."""
    if not NAME.fullmatch(str(name)):
        raise ParameterError(
            f"{source}: {name!r} cannot name a data set: begin with a letter, and go on with "
            "letters, digits, - and _"
        )
    if (chosen := source_of(name, block)) not in list(SOURCES):
        raise ParameterError(
            f"{source}: {name}.source = {chosen!r}: choose one of {', '.join(SOURCES)}"
        )
    kind: Any = Literal[chosen]
    bases: Any = (Settings, SOURCES[chosen].options)
    return create_model("DataSet", __base__=bases, source=(kind, chosen))


def _with_defaults(name: str, block: dict[str, Any]) -> dict[str, Any]:
    """Fill in the defaults of a data set's source, beside what its block says."""
    source = SOURCES[source_of(name, block)]
    if block.get("nets") == "small":  # which has its own
        return block
    filled = dict(block)
    for part, values in source.defaults.items():
        if isinstance(said := block.get(part) or {}, dict):
            filled[part] = said | {k: v for k, v in values.items() if said.get(k) is None}
    return filled


def _check_nulls(block: Any, source: str | Path) -> None:
    """Refuse values where they would be lost: the blocks of data sets have copies of these."""
    said = without_nulls(block, Settings) if isinstance(block, dict) else {NULLS: block}
    for part, values in said.items():
        for name, value in values.items() if isinstance(values, dict) else [("", values)]:
            place = ".".join(filter(None, (NULLS, part, name)))
            raise ParameterError(
                f"{source}: {place} = {value!r} is not known, or has to stay null: set it in the "
                "block of a data set"
            )
