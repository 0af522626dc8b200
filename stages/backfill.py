"""Record in MLflow the experiments that DVC restored from its cache, of which no stage ran."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from dvc.dependency import ParamsDependency
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.stage import Stage

from spectralnet.config.schema import Params, validate
from spectralnet.errors import DataError, ParameterError
from spectralnet.tracking.runs import record_restored


def backfill() -> None:
    """Give each of DVC's experiments in this checkout its run in MLflow, where it has none."""
    with Repo() as repo:
        experiments = repo.experiments.ls(all_commits=True)
        if not experiments:
            print("no experiments: `dvc exp run` makes them")
        for baseline, named in experiments.items():
            for name, revision in named:
                try:
                    with repo.switch(revision):
                        missing = _record(repo, baseline, name)
                    print(f"{name}: {'added to MLflow' if missing else 'already in MLflow'}")
                except (FileNotFoundError, DvcException, DataError, ParameterError) as error:
                    print(f"{name}: left out: {error}")


def _record(repo: Repo, baseline: str, name: str) -> bool:
    """Read the experiment that the repository is switched to, and tell MLflow."""
    files = repo.dvcfs
    params = validate(Params, yaml.safe_load(files.read_text("params.yaml")), "params.yaml")
    if not is_current(repo.stage.collect("evaluate", with_deps=True)):
        raise DataError("its results are of other parameters, since it ran other stages only")
    (evaluate,) = repo.stage.collect("evaluate")
    *made, results = evaluate.cmd.split()[3:]  # as stages/evaluate.py takes them
    with TemporaryDirectory() as folder:
        wanted = [f"{results}/{name}" for name in ("metrics.json", "pictures", "report.html")]
        for path in (*wanted, f"{made[-1]}/clusters.npy"):
            files.get(path, f"{folder}/{Path(path).name}", recursive=True)
        return record_restored(
            baseline,
            name,
            params.flat(),
            json.loads(files.read_text(f"{made[0]}/about.json")),
            files=sorted(Path(folder).iterdir()),
            metrics=json.loads(files.read_text(f"{results}/metrics.json")),
            records=[json.loads(files.read_text(f"{part}/run.json")) for part in made],
        )


def is_current(stages: list[Stage]) -> bool:
    """Tell whether what DVC locked of these stages is of the parameters that stand beside it.

    An experiment of other targets, such as a method's, changes params.yaml and leaves the
    results as they were.
    """
    made = {out.fs_path: out.hash_info for stage in stages for out in stage.outs}
    return not any(
        dep.status()
        if isinstance(dep, ParamsDependency)
        else dep.hash_info != made.get(dep.fs_path, dep.hash_info)
        for stage in stages
        for dep in stage.deps
    ) and not any(stage.changed_stage() for stage in stages)


if __name__ == "__main__":
    backfill()
