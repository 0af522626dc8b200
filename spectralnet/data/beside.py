"""What stands beside vectors, to be shown: texts, or the names of their images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from spectralnet.data.files import IMAGES


def as_texts(values: Sequence[Any]) -> list[str]:
    """Return values as texts; where there is none, an empty one."""
    return ["" if pd.isna(value) else str(value) for value in values]


def name_images(texts: Sequence[str]) -> bool:
    """Say whether all texts are names of images."""
    return all(Path(text).suffix.lower() in IMAGES for text in texts)
