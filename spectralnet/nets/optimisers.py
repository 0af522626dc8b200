"""The optimisers, by their names in ``params.yaml``."""

from collections.abc import Callable, Iterable

import torch
from torch import nn
from torch.optim import Optimizer

# A training's schedule moves the learning rate, and the momentum with it: an optimiser needs one.
MOMENTUM = 0.9

OPTIMISERS: dict[str, Callable[[Iterable[nn.Parameter], float], Optimizer]] = {
    "adam": lambda weights, rate: torch.optim.Adam(weights, rate, fused=True),
    "sgd": lambda weights, rate: torch.optim.SGD(weights, rate, MOMENTUM),
}
