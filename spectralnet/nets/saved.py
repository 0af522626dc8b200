"""Nets on disk: their shape as JSON, their weights as ``.safetensors``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import TypeVar
from zipfile import BadZipFile

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from spectralnet.artifacts import load_json, load_weights, save_json, save_weights
from spectralnet.errors import DataError
from spectralnet.nets.blocks import build_net
from spectralnet.nets.net import Net

Module = TypeVar("Module", bound=nn.Module)

# What a file raises that holds something else than a model's: JSON of another form, shapes that no
# net has or that do not fit each other, a header of weights that is none, or of an array, which is
# Python.
DAMAGE = (
    OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError,
    MemoryError, SafetensorError, EOFError, SyntaxError, TokenError, BadZipFile,
)  # fmt: skip


@contextmanager
def reading_model(folder: Path) -> Iterator[None]:
    """Turn whatever a damaged model raises into a `DataError` that names its folder."""
    try:
        with np.errstate(all="ignore"):  # what overflows ends in an error
            yield
    except DAMAGE as error:
        raise DataError(f"the model in {folder} is damaged: {error}") from error


def save_net(folder: Path, name: str, net: Net) -> None:
    """Write a net as ``<name>.json`` and ``<name>.safetensors``."""
    save_json(folder / f"{name}.json", net.config)
    save_weights(folder / f"{name}.safetensors", net)


def load_net(folder: Path, name: str) -> Net:
    """Read what `save_net` wrote."""
    config = load_json(folder / f"{name}.json")
    return load_module(folder / f"{name}.safetensors", lambda: build_net(config))


def load_module(path: Path, build: Callable[[], Module]) -> Module:
    """Build a module and read its weights, in evaluation mode.

    Parameters
    ----------
    path : Path
        A ``.safetensors``.
    build : callable
        Makes the module, with any weights.

    Raises
    ------
    DataError
        If the file holds weights of other names or shapes: before memory is taken for either.
    """
    with torch.device("meta"):  # shapes alone
        wanted = {name: list(tensor.shape) for name, tensor in build().state_dict().items()}
    with safe_open(path, framework="pt") as file:
        found = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise DataError(
                f"{path} holds {name} of shape {found.get(name, 'none')}, but its description "
                f"asks for {wanted.get(name, 'none')}"
            )
    module = build()
    load_weights(path, module)
    return module.eval()
