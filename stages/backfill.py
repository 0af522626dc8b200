"""Record in MLflow the experiments that DVC restored from its cache, of which no stage ran."""

from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from dvc.api import DVCFileSystem
from dvc.repo import Repo

from spectralnet import tracking
from spectralnet.artifacts import load_json
from spectralnet.config import read_params
from spectralnet.errors import ParameterError

RESULTS = ("metrics.json", "pictures", "report.html")


def backfill() -> None:
    """Give each of DVC's experiments in this checkout its run in MLflow, where it has none."""
    with Repo() as repo:
        experiments = repo.experiments.ls(all_commits=True)
    for baseline, named in experiments.items():
        for name, revision in named:
            try:
                missing = _record(baseline, name, revision)
                print(f"{name}: {'added to MLflow' if missing else 'already in MLflow'}")
            except (FileNotFoundError, ParameterError) as error:
                print(f"{name}: left out: {error}")


def _record(baseline: str, name: str, revision: str) -> bool:
    """Read an experiment from Git and DVC's cache, and tell MLflow."""
    files = DVCFileSystem(rev=revision)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files.get("params.yaml", str(folder / "params.yaml"))
        params = read_params(folder / "params.yaml")
        command = yaml.safe_load(files.read_text("dvc.lock"))["stages"]["evaluate"]["cmd"]
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


if __name__ == "__main__":
    backfill()
