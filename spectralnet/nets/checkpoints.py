"""Where a killed training goes on."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from spectralnet.artifacts import whole_file


@dataclass
class Checkpoint:
    """A file from which a killed training goes on to the result it would have had.

    Parameters
    ----------
    path : Path
        Its name has to tell apart whatever the result depends on.
    seconds : float, default=30
        What a kill may lose: `is_due` once this long has passed since the last `save`.
    """

    path: Path
    seconds: float = 30

    def __post_init__(self) -> None:
        self._saved_at = time.monotonic()

    def is_due(self) -> bool:
        """Say whether it is time to save."""
        return time.monotonic() - self._saved_at >= self.seconds

    def save(self, state: dict[str, Any]) -> None:
        """Replace the file by `state` in one step."""
        with whole_file(self.path) as partial:
            torch.save(state, partial)
        self._saved_at = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """Return the saved state, or None."""
        if not self.path.exists():
            return None
        return torch.load(self.path, map_location="cpu", weights_only=True)

    def part(self, name: str) -> "Checkpoint":
        """Return a checkpoint for one of several trainings; `discard` removes it as well."""
        return Checkpoint(self.path.with_name(f"{self.path.stem}-{name}.pt"), self.seconds)

    def discard(self) -> None:
        """Remove the file, and those of its parts."""
        for path in [self.path, *self.path.parent.glob(f"{self.path.stem}-*.pt")]:
            path.unlink(missing_ok=True)
