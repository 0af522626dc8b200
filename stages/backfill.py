"""Record in MLflow the experiments that DVC restored from its cache, of which no stage ran."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from dvc.api import DVCFileSystem
from dvc.repo import Repo

from spectralnet.artifacts import load_json
from spectralnet.config.reading import read_params
from spectralnet.errors import DataError, ParameterError
from spectralnet.tracking import runs as tracking

RESULTS = ("metrics.json", "pictures", "report.html")


def backfill() -> None:
    """Give each of DVC's experiments in this checkout its run in MLflow, where it has none."""
    with Repo() as repo:
        experiments = repo.experiments.ls(all_commits=True)
    if not experiments:
        print("no experiments: `dvc exp run` makes them")
    for baseline, named in experiments.items():
        for name, revision in named:
            try:
                missing = _record(baseline, name, revision)
                print(f"{name}: {'added to MLflow' if missing else 'already in MLflow'}")
            except (FileNotFoundError, DataError, ParameterError) as error:
                print(f"{name}: left out: {error}")


def _record(baseline: str, name: str, revision: str) -> bool:
    """Read an experiment from Git and DVC's cache, and tell MLflow."""
    files = DVCFileSystem(rev=revision)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files.get("params.yaml", str(folder / "params.yaml"))
        params = read_params(folder / "params.yaml")
        locks = [
            yaml.safe_load(files.read_text(lock))["stages"]
            for lock in ("dvc.lock", "stages/dvc.lock")
            if files.exists(lock)
        ]
        if not is_current(locks, yaml.safe_load((folder / "params.yaml").read_text())):
            raise DataError("its results are of other parameters, since it ran other stages only")
        command = locks[0]["evaluate"]["cmd"]
        data, *others, model, results = command.split()[3:]  # as stages/evaluate.py takes them
        for made in RESULTS:  # a folder of them may hold other methods' as well
            files.get(f"{results}/{made}", str(folder / "results" / made), recursive=True)
        files.get(f"{model}/clusters.npy", str(folder / "clusters.npy"))
        return tracking.record_restored(
            baseline,
            name,
            params.flat(),
            load_json(folder / "results/metrics.json"),
            [yaml.safe_load(files.read_text(f"{f}/run.json")) for f in (data, *others, model)],
            yaml.safe_load(files.read_text(f"{data}/about.json")),
            [*sorted((folder / "results").iterdir()), folder / "clusters.npy"],
        )


def is_current(locks: list[dict[str, Any]], params: dict[str, Any]) -> bool:
    """Tell whether the locked results are of these parameters.

    An experiment of other targets, such as a method's, changes params.yaml and leaves the
    pipeline as it was.

    Parameters
    ----------
    locks : list of dict
        The stages of dvc.lock, and of stages/dvc.lock.
    params : dict
        The contents of params.yaml.
    """
    main = locks[0]
    if "evaluate" not in main:
        return False
    read = {dep["path"]: dep.get("md5") for stage in main.values() for dep in stage["deps"]}
    made_by = {
        out["path"]: (stage, out)
        for lock in locks
        for stage in lock.values()
        for out in stage["outs"]
    }
    model = main["evaluate"]["cmd"].split()[-2]
    if model != "artifacts/{dataset}/{space}/{affinity}/model".format(**params):
        return False
    if any(made_by[path][1].get("md5") != md5 for path, md5 in read.items() if path in made_by):
        return False
    used = [*main.values(), *(made_by[path][0] for path in read if path in made_by)]
    locked = [item for stage in used for item in stage["params"]["params.yaml"].items()]
    return all(_value(params, name) == value for name, value in locked)


def _value(params: Any, name: str) -> Any:
    for part in name.split("."):
        params = params.get(part, {})
    return params


if __name__ == "__main__":
    backfill()
