"""What blocks of parameters are made of: each part declares its own beside its code."""

from collections.abc import Collection
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def _builtin(value: Any) -> Any:
    """Turn NumPy's integers, which are no `int`, into such."""
    return int(value) if isinstance(value, np.integer) else value


LONGEST_SIDE = 2**13  # pixels of an image: what resizes it grows with the square
Count = Annotated[int, BeforeValidator(_builtin), Field(ge=1)]
# Not strict, since PyYAML reads the exponent without a dot that DVC writes (1e-05) as a string.
Fraction = Annotated[float, Field(ge=0, lt=1, strict=False)]
Positive = Annotated[float, Field(gt=0, strict=False)]
NotNegative = Annotated[float, Field(ge=0, strict=False)]


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
