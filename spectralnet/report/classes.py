"""What the classes are called that labels stand for."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

LONGEST = 20  # letters of a name


def named_labels(numbers: NDArray[np.int64], classes: Sequence[str]) -> list[str | int | None]:
    """Return what each number stands for, itself where there are no classes; None for -1."""
    return [None if i < 0 else classes[i] if classes else i for i in numbers.tolist()]


def class_names(classes: Sequence[str]) -> Callable[[int], str]:
    """Return what says how matplotlib is to write a label's number: by its class, if it has one."""

    def called(label: int) -> str:
        if label < 0 or not classes:
            return str(label)
        name = classes[label]
        name = name if len(name) <= LONGEST else name[:LONGEST] + "..."
        # No formula; and what begins with _ would be left out of a legend.
        return (" " + name if name.startswith("_") else name).replace("$", r"\$")

    return called
