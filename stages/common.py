"""What every stage does around its work: parameters, tracking, the run record, one line."""

import argparse
import hashlib
import inspect
import json
import logging
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import torch

import spectralnet
from spectralnet.artifacts import EXAMPLE, content_hash, full_disk_told, remove_partial, save_table
from spectralnet.config.limits import check_former_nets
from spectralnet.config.params import Params
from spectralnet.config.reading import read_params
from spectralnet.config.settings import Settings
from spectralnet.errors import ParameterError, SpectralNetError
from spectralnet.folders import read_manifest, seal
from spectralnet.metric.augmentation import RandomAffine
from spectralnet.nets.checkpoints import Checkpoint, remove_old
from spectralnet.nets.devices import pick_device
from spectralnet.nets.distributed import GRACE, is_first
from spectralnet.nets.net import Net
from spectralnet.nets.saved import load_net
from spectralnet.nets.stopping import Stopped
from spectralnet.tracking import runs as tracking
from spectralnet.tracking.checkout import main_root
from spectralnet.tracking.records import costs_of, read_record, save_record
from spectralnet.tracking.stage import StageRun
from stages import STARTED
from stages.processes import SilentRun, is_launched, is_spokesman, launch, working
from stages.signals import end_soon, end_with_parent, stoppable


@dataclass
class Stage:
    """What a stage's work is given.

    Attributes
    ----------
    name : str
    params : Params
    device : torch.device
        The device to compute on.
    run : StageRun
        Its MLflow run.
    method : str
        Of which the stage's MLflow run is a part.
    used_checkpoint : Checkpoint or None
        To be discarded when the stage's output is whole.
    upstream : list
        Records of the runs that made what the stage read; None where this checkout has none.
    """

    name: str
    params: Params
    device: torch.device
    run: StageRun
    method: str = "spectralnet"
    used_checkpoint: Checkpoint | None = None
    upstream: list[dict[str, Any] | None] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """The chosen data set's parameters."""
        return self.params.settings

    def augmentation(self, image_shape: Sequence[int] | None) -> RandomAffine | None:
        """Return the random changes of the data set's images that `augment` asks for, if any."""
        if self.params.augment == "none":
            return None
        if image_shape is None:
            raise ParameterError(
                f"augment = {self.params.augment} changes images, but dataset = "
                f"{self.params.dataset} holds none: set augment: none"
            )
        height, width = image_shape
        return RandomAffine((height, width), self.settings.affine)

    def checkpoint(self, *inputs: Path) -> Checkpoint:
        """Return the checkpoint of this stage's training on `inputs`.

        It lies outside DVC's outputs, which DVC deletes before it runs a stage again, and
        in the main checkout, since temporary workspaces do not last. Its name is a hash of
        all that the result depends on.
        """
        threads = torch.get_num_threads()  # sums of other parts end in other bits
        known = [self.params.flat(self.name), str(self.device), torch.__version__, threads]
        known.append(os.environ.get("WORLD_SIZE", "1"))
        digest = hashlib.sha256(json.dumps(known).encode())
        folders = [Path(spectralnet.__file__).parent, Path(__file__).parent]
        code = sorted(file for folder in folders for file in folder.rglob("*.py"))
        digest.update(content_hash(*code, *inputs).encode())
        folder = main_root() / ".checkpoints"
        remove_old(folder)
        self.used_checkpoint = Checkpoint(folder / f"{self.name}-{digest.hexdigest()[:16]}.pt")
        return self.used_checkpoint

    def find_upstream(self, *folders: Path) -> None:
        """Look up which runs made the folders that the stage reads."""
        for folder in dict.fromkeys(folders):
            self.upstream.append(found := read_record(folder))
            if found is None:
                print(f"{folder} was made elsewhere: no run here is known that made it")

    def record(self) -> dict[str, Any]:
        """Say which run this is; its seconds since it began to import; the MiB it held at most."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB, bytes on macOS
        return {
            "stage": self.name,
            "run_id": self.run.run_id,
            "seconds": time.perf_counter() - STARTED,
            "peak_memory": round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1),
        }


def save_history(folder: Path, history: pd.DataFrame, name: str = "history.csv") -> None:
    """Write a learning curve; its seconds, which differ from run to run, are MLflow's alone."""
    save_table(folder / name, history.drop(columns="seconds", errors="ignore"))


def copy_preparation(data: Path, model: Path) -> None:
    """Put beside a saved model what makes it take raw samples, and some of these."""
    for name in ("preparation.json", EXAMPLE):
        shutil.copyfile(data / name, model / name)
    seal(model, {*read_manifest(model), "preparation.json", EXAMPLE})


def former_nets(stage: Stage, data: Path) -> tuple[Net, Net] | None:
    """Read the encoder and the embedder of the former model that `warm_start` names, if any.

    Raises
    ------
    ParameterError
        If they lead to another space than is asked for, or to another affinity's.
    """
    folder = data / "former"
    if not (folder / "encoder.json").exists():
        return None
    nets, params = (load_net(folder, "encoder"), load_net(folder, "embedder")), stage.params
    named = getattr(params.settings, "warm_start", folder)
    check_former_nets(*nets, named, params.space, params.affinity)
    return nets


def main(
    work: Callable[..., str],
    method: str | None = "spectralnet",
    named: Callable[[Path], str] | None = None,
    trains: Collection[str] = (),
    known_by: str = "",
) -> None:
    """Run a stage's function on the paths of the command line, see `Params.fill`.

    Parameters
    ----------
    work : callable
        Takes a `Stage` and paths, one of them perhaps a list, the last of which is the folder
        to write to, and returns what it made, in words. Errors that a user can mend end the
        process with their message alone.
    method : str or None, default="spectralnet"
        What the stage is a part of, which has an MLflow parent; None: what the stage is called.
        SpectralNet's ends with `evaluate`, another with its only stage.
    named : callable, optional
        What the stage is called, by the folder to write to; by default as the function.
    trains : collection of str, default=()
        Names of those that run in as many processes as `processes` says.
    known_by : str, default=""
        The file of that folder by which its run is found again; by default all of them.
    """
    logging.getLogger("mlflow").setLevel(logging.WARNING)  # tables created, examples checked
    paths = _parse(work)
    name = work.__name__ if named is None else named([*paths.values()][-1])
    method = method or name
    try:
        with stoppable():
            end_with_parent()
            params = read_params()
            if name in trains and params.processes > 1 and not is_launched():
                launch(params.processes)
            paths = {argument: _filled(path, params) for argument, path in paths.items()}
            *read, written = paths.values()
            device = pick_device(params.device)
            is_last = name == "evaluate" or method != "spectralnet"
            with working(device, written) as folder:
                remove_partial(folder)
                paths[[*paths][-1]] = folder
                tracked = (
                    tracking.stage_run(name, params.flat(method), is_last)
                    if is_first()
                    else nullcontext(SilentRun("", ""))
                )
                with full_disk_told(folder), tracked as run:
                    stage = Stage(name, params, device, run, method)
                    made = work(stage, **paths)
                    record = stage.record()
                    run.log_metrics({"seconds": record["seconds"]})
                    if is_last:
                        record["costs"] = costs_of([*stage.upstream, record])
                        run.log_results([], record["costs"], stage.upstream)
                if is_first():
                    save_record(written / known_by, record)
                if stage.used_checkpoint:
                    stage.used_checkpoint.discard()
    except SpectralNetError as error:
        if not is_spokesman():  # which most likely says the same
            time.sleep(GRACE)
        sys.exit(f"stage {name}: {error}")
    except Stopped as stopped:
        said = signal.Signals(stopped.number).name
        if is_spokesman():
            words = f"stage {name}: ended by {said}; the same command goes on from here"
            print(words, file=sys.stderr)
        status = 128 + stopped.number
        end_soon(status)
        sys.exit(status)
    if not is_spokesman():
        return
    listed = [path for given in read for path in (given if isinstance(given, list) else [given])]
    source = ", ".join(map(str, listed)) or f"dataset {params.dataset}"
    print(f"{name}: {made}, in {record['seconds']:.0f} s ({source} -> {written})", flush=True)


def _filled(path: Any, params: Params) -> Any:
    """Fill parameters into a path, or into each of several."""
    return [params.fill(one) for one in path] if isinstance(path, list) else params.fill(path)


def _parse(work: Callable[..., str]) -> dict[str, Any]:
    """Read the command line into the arguments of a stage's function, the last a path."""
    parser = argparse.ArgumentParser(work.__module__, description=inspect.getdoc(work))
    for argument in list(inspect.signature(work).parameters.values())[1:]:
        several = argument.annotation == list[Path]
        parser.add_argument(argument.name, type=Path, nargs="*" if several else None)
    return vars(parser.parse_args())
