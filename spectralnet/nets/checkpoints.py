"""Where a killed training goes on."""

import os
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from spectralnet.artifacts import whole_file
from spectralnet.nets.distributed import from_first, is_first
from spectralnet.nets.stopping import stop_requests

OLD = 14 * 24 * 3600  # seconds after which a training is not taken up again


@dataclass
class Checkpoint:
    """A file from which a killed training goes on to the result it would have had.

    Of several processes that train together the first writes, reads and removes it, for all.

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
        self._warned = False

    def is_due(self) -> bool:
        """Say whether it is time to save: also if the process was asked to stop."""
        return bool(stop_requests.number) or time.monotonic() - self._saved_at >= self.seconds

    def save(self, state: dict[str, Any]) -> None:
        """Replace the file by `state` in one step; raise `Stopped` if that was asked for.

        A file that cannot be written is a warning, once: the training is worth more.
        """
        try:
            if is_first():
                with whole_file(self.path) as partial:
                    torch.save(state, partial)
        except (OSError, RuntimeError) as error:  # torch's, if the disk is full
            if not self._warned:
                warnings.warn(
                    f"{error}. The training goes on, but would begin anew if it were killed",
                    stacklevel=2,
                )
            self._warned = True
        self._saved_at = time.monotonic()
        stop_requests.obey()

    def load(self) -> dict[str, Any] | None:
        """Return the saved state, or None: also if it is damaged, with a warning."""
        return from_first(self._read() if is_first() else None)

    def _read(self) -> dict[str, Any] | None:
        if not self.path.exists():
            return None
        try:
            return torch.load(self.path, map_location="cpu", weights_only=True)
        except MemoryError:
            raise
        except Exception as error:  # torch raises a dozen kinds, by what is damaged
            damaged = self.path.with_name(f"{self.path.name}.damaged")
            os.replace(self.path, damaged)
            warnings.warn(
                f"the checkpoint {self.path} is damaged ({type(error).__name__}), and now called "
                f"{damaged.name}: the training begins anew",
                stacklevel=2,
            )
            return None

    def part(self, name: str) -> "Checkpoint":
        """Return a checkpoint for one of several trainings; `discard` removes it as well."""
        return replace(self, path=self.path.with_name(f"{self.path.stem}-{name}.pt"))

    def discard(self) -> None:
        """Remove the file, and those of its parts."""
        if is_first():
            for path in [self.path, *self.path.parent.glob(f"{self.path.stem}-*.pt")]:
                path.unlink(missing_ok=True)


def remove_old(folder: Path, seconds: float = OLD) -> None:
    """Remove checkpoints, and what is left of their making, that so long nobody took up again."""
    for path in folder.glob("*") if folder.is_dir() else ():
        if path.is_file() and time.time() - path.stat().st_mtime > seconds:
            path.unlink(missing_ok=True)
