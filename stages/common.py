"""What every stage does around its work: parameters, tracking, the run record, one line."""

import argparse
import hashlib
import inspect
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from spectralnet import tracking
from spectralnet.artifacts import save_json
from spectralnet.config import Params, Settings, read_params
from spectralnet.errors import SpectralNetError
from spectralnet.nets import pick_device
from spectralnet.training import Checkpoint


@dataclass
class Stage:
    """What a stage's work is given.

    Attributes
    ----------
    name : str
    params : Params
    run : StageRun
        Its MLflow run.
    """

    name: str
    params: Params
    run: tracking.StageRun

    @property
    def settings(self) -> Settings:
        """The chosen data set's parameters."""
        return self.params.settings

    @property
    def device(self) -> torch.device:
        """The device to compute on."""
        return pick_device(self.params.device)

    def checkpoint(self, *inputs: Path) -> Checkpoint:
        """Return the checkpoint of this stage's training on `inputs`.

        It lies outside DVC's outputs, which DVC deletes before it runs a stage again, and
        in the main checkout, since temporary workspaces do not last. Its name is a hash of
        all that the result depends on.
        """
        digest = hashlib.sha256(self.params.model_dump_json().encode())
        code = sorted(Path(tracking.__file__).parent.glob("*.py"))
        for path in [*code, *inputs]:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        name = f"{self.name}-{digest.hexdigest()[:16]}.pt"
        return Checkpoint(tracking.main_root() / ".checkpoints" / name)


def main(work: Callable[..., str]) -> None:
    """Run a stage's function on the paths of the command line.

    Parameters
    ----------
    work : callable
        Takes a `Stage` and paths, the last of which is the folder to write to, and returns
        what it made, in words. Errors that a user can mend end the process with their
        message alone.
    """
    name = work.__name__
    folders = list(inspect.signature(work).parameters)[1:]
    parser = argparse.ArgumentParser(f"stages.{name}", description=inspect.getdoc(work))
    for folder in folders:
        parser.add_argument(folder, type=Path)
    paths: dict[str, Path] = vars(parser.parse_args())
    started = time.perf_counter()
    try:
        params = read_params()
        with tracking.stage_run(name, params.flat()) as run:
            made = work(Stage(name, params, run), **paths)
            seconds = time.perf_counter() - started
            run.log_metrics({"seconds": seconds})
        record: dict[str, Any] = {"stage": name, "run_id": run.run_id, "seconds": seconds}
        save_json(paths[folders[-1]] / "run.json", record)
    except SpectralNetError as error:
        sys.exit(f"stage {name}: {error}")
    print(f"{name}: {made}, in {seconds:.0f} s", flush=True)
