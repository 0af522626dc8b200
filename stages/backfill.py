"""Record in MLflow what it does not know: experiments that DVC restored, what a lost server missed.

Of the former no stage ran.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from dvc.api import DVCFileSystem
from dvc.dependency import ParamsDependency
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.stage import Stage

from spectralnet.config.reading import params_of
from spectralnet.errors import SpectralNetError
from spectralnet.report.page import RESULTS
from spectralnet.tracking.records import read_record
from spectralnet.tracking.runs import record_restored
from spectralnet.tracking.stage import StageRun
from spectralnet.tracking.store import check_store
from spectralnet.tracking.unsent import send_unsent


def backfill() -> None:
    """Send what a lost server did not hear, and give each experiment of DVC's its run.

    Those that have one already stay as they are.
    """
    check_store()
    send_unsent(StageRun)
    with Repo() as repo:
        experiments = repo.experiments.ls(all_commits=True)
        if not experiments:
            print("no experiments: `dvc exp run` makes them")
        for baseline, named in experiments.items():
            for name, revision in named:
                try:
                    with repo.switch(revision):
                        print(f"{name}: {_record(repo, baseline, name)}")
                except (FileNotFoundError, DvcException, SpectralNetError) as error:
                    print(f"{name}: left out: {error}")


def _record(repo: Repo, baseline: str, name: str) -> str:
    """Tell MLflow of the experiment that the repository is switched to; say what was done."""
    if not is_current(repo.stage.collect("evaluate", with_deps=True)):
        return "left out: its results are of other parameters, since it ran other stages only"
    files = repo.dvcfs
    params = params_of(yaml.safe_load(files.read_text("params.yaml")), "params.yaml")
    (evaluate,) = repo.stage.collect("evaluate")
    # Its command names places such as {dataset}, which stages/evaluate.py fills in, too; in
    # commands of former versions DVC had filled them in.
    *read, results = (str(params.fill(path)) for path in evaluate.cmd.split()[3:])
    logged = [f"{results}/{made}" for made in RESULTS if files.exists(f"{results}/{made}")]
    costs = (_run_record(files, f"{results}/metrics.json") or {}).get("costs", {})
    with TemporaryDirectory() as folder:
        for path in (*logged, f"{read[-1]}/clusters.npy"):
            files.get(path, f"{folder}/{Path(path).name}", recursive=True)
        added = record_restored(
            baseline,
            name,
            params.flat(),
            json.loads(files.read_text(f"{read[0]}/about.json")),
            files=sorted(Path(folder).iterdir()),
            metrics=json.loads(files.read_text(f"{results}/metrics.json")) | costs,
            records=[_run_record(files, part) for part in read],
        )
    return "added to MLflow" if added else "already in MLflow"


def _run_record(files: DVCFileSystem, made: str) -> dict[str, Any] | None:
    """Return the record of the run that made a file or folder of an experiment, if it ran here."""
    with TemporaryDirectory() as folder:
        files.get(made, f"{folder}/made", recursive=True)
        return read_record(Path(folder, "made"))


def is_current(stages: list[Stage]) -> bool:
    """Tell whether what DVC locked of these stages is of the parameters that stand beside it.

    An experiment of other targets, such as a method's, changes params.yaml and leaves the
    results as they were. (DVC's own `Stage.changed` reads no revision of Git.)
    """
    made = {}
    for out in (out for stage in stages for out in stage.outs):
        made[out.fs_path] = out.hash_info
        # Stages read single files of a folder, too: its listing is in the cache.
        for key, _, found in (out.get_obj() or ()) if out.is_dir_checksum else ():
            made[str(Path(out.fs_path, *key))] = found
    changed = [stage.changed_stage() for stage in stages]
    for dep in (dep for stage in stages for dep in stage.deps):
        if isinstance(dep, ParamsDependency):
            changed.append(bool(dep.status()))
        else:
            changed.append(made.get(dep.fs_path, dep.hash_info) != dep.hash_info)
    return not any(changed)


if __name__ == "__main__":
    try:
        backfill()
    except SpectralNetError as error:
        sys.exit(str(error))
