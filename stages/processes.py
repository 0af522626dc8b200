"""A stage in several processes: torchrun starts them, the first alone writes and tells MLflow."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import torch
from torch import distributed

from spectralnet.nets.distributed import is_first, joined
from spectralnet.tracking.stage import StageRun


class SilentRun(StageRun):
    """The run of a process that is not the first."""

    def send(self, call: Callable[..., Any], files: Sequence[Path] = (), **arguments: Any) -> None:
        """Tell MLflow nothing."""


def launch(processes: int) -> NoReturn:
    """Run this command in so many processes on this machine, and end as they end."""
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import main

    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    logging.getLogger("torch.distributed").setLevel(logging.CRITICAL)  # processes say it themselves
    module = sys.modules["__main__"].__spec__.name  # type: ignore[union-attr]
    try:
        main(["--standalone", f"--nproc-per-node={processes}", "-m", module, *sys.argv[1:]])
    except ChildFailedError as error:
        code = error.get_first_failure()[1].exitcode
        sys.exit(code if code > 0 else 128 - code)
    except SignalException as error:
        sys.exit(128 + signal.Signals(error.sigval))
    sys.exit()


def is_launched() -> bool:
    """Say whether torchrun started this process."""
    return distributed.is_torchelastic_launched()


def is_spokesman() -> bool:
    """Say whether this process is alone, or the first, also before and after it joins others."""
    return not is_launched() or os.environ["RANK"] == "0"


@contextmanager
def working(device: torch.device, written: Path) -> Iterator[Path]:
    """Join the other processes, if torchrun started this one; yield the folder to write to.

    That of a process which is not the first is thrown away.
    """
    with joined(device) if is_launched() else nullcontext():
        if is_first():
            yield written
            return
        with TemporaryDirectory() as folder:
            yield Path(folder)
