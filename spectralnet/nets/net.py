"""What every net is that a model is made of."""

from abc import abstractmethod
from typing import Any

from torch import nn


class Net(nn.Sequential):
    """A net from rows to rows.

    Attributes
    ----------
    n_features : int
        Of a row.
    sizes : list of int
        Widths of layers, the last one that of the outputs.
    """

    n_features: int
    sizes: list[int]

    @property
    @abstractmethod
    def config(self) -> dict[str, Any]:
        """What `spectralnet.nets.blocks.build_net` builds this net from."""
