"""What every net is that a model is made of."""

import sys
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from spectralnet.errors import DataError
from spectralnet.parameters import MOST_LAYERS


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


def checked_sizes(name: str, sizes: Sequence[int], most: int = sys.maxsize) -> list[int]:
    """Return sizes of a net as a list; a `DataError` if none, or far too many or too large.

    They may come from the file of a model, and building a net takes time and memory.
    """
    whole = all(isinstance(size, int | np.integer) and 0 < size <= most for size in sizes)
    if not whole or not 0 < len(sizes) <= MOST_LAYERS:
        raise DataError(f"a net cannot have {name} = {str(list(sizes[:10]))[:100]}")
    return [int(size) for size in sizes]
