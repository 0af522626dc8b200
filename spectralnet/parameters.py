"""What blocks of parameters are made of: each part declares its own beside its code."""

from collections.abc import Collection
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

WIDEST, MOST_LAYERS, MOST_WEIGHTS = 2**14, 1000, 2**26  # of one net


def _builtin(value: Any) -> Any:
    """Turn NumPy's integers, which are no `int`, into such."""
    return int(value) if isinstance(value, np.integer) else value


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a number is needed")
    return value


def _few_weights(widths: list[int]) -> list[int]:
    weights = sum(a * b for a, b in pairwise(widths))
    if weights > MOST_WEIGHTS:
        raise ValueError(f"layers with {weights} weights in all: at most {MOST_WEIGHTS}")
    return widths


# Bounds keep what no machine can compute from failing after hours of other trainings.
LONGEST_SIDE = 2**13  # pixels of an image: what resizes it grows with the square
Count = Annotated[int, BeforeValidator(_builtin), Field(ge=1, le=10**9)]
Width = Annotated[Count, Field(le=WIDEST)]
Widths = Annotated[list[Width], Field(max_length=MOST_LAYERS), AfterValidator(_few_weights)]
# Not strict, since PyYAML reads the exponent without a dot that DVC writes (1e-05) as a string.
Number = Annotated[float, BeforeValidator(_no_bool), Field(strict=False)]
Fraction = Annotated[Number, Field(ge=0, lt=1)]
Positive = Annotated[Number, Field(gt=0, le=10**6)]
NotNegative = Annotated[Number, Field(ge=0, le=10**6)]


def one_of(names: Collection[str]) -> AfterValidator:
    """Accept the names of a registry, those that are added later included."""

    def check(name: str) -> str:
        if name not in names:
            raise ValueError(f"choose one of {', '.join(names)}")
        return name

    return AfterValidator(check)


class Block(BaseModel):
    """A part of the file: no unknown names, no other types, no infinities."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
