"""Nets on disk: their shape as JSON, their weights as ``.safetensors``."""

from pathlib import Path

from spectralnet.artifacts import load_json, load_weights, save_json, save_weights
from spectralnet.nets.blocks import build_net
from spectralnet.nets.net import Net


def save_net(folder: Path, name: str, net: Net) -> None:
    """Write a net as ``<name>.json`` and ``<name>.safetensors``."""
    save_json(folder / f"{name}.json", net.config)
    save_weights(folder / f"{name}.safetensors", net)


def load_net(folder: Path, name: str) -> Net:
    """Read what `save_net` wrote."""
    net = build_net(load_json(folder / f"{name}.json"))
    load_weights(folder / f"{name}.safetensors", net)
    return net.eval()
