"""Nets on disk: their shape as JSON, their weights as ``.safetensors``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from spectralnet.artifacts import load_json, load_weights, save_json, save_weights
from spectralnet.nets.blocks import MLP, ConvNet, Net
from spectralnet.nets.gradients import OrientedGradients

KINDS: dict[str, Callable[..., Net]] = {"mlp": MLP, "conv": ConvNet, "gradients": OrientedGradients}


def build_net(config: dict[str, Any]) -> Net:
    """Build a net of the shape that its `config` holds, with random weights."""
    arguments = dict(config)
    return KINDS[arguments.pop("kind")](**arguments)


def save_net(folder: Path, name: str, net: Net) -> None:
    """Write a net as ``<name>.json`` and ``<name>.safetensors``."""
    save_json(folder / f"{name}.json", net.config)
    save_weights(folder / f"{name}.safetensors", net)


def load_net(folder: Path, name: str) -> Net:
    """Read what `save_net` wrote."""
    net = build_net(load_json(folder / f"{name}.json"))
    load_weights(folder / f"{name}.safetensors", net)
    return net.eval()
