"""Add the runs that MLflow remembers to docs/results.csv, and write docs/results.md from it."""

import sys
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from spectralnet.config.schema import METHOD_BLOCKS

from spectralnet.artifacts import load_array, save_table, whole_file
from spectralnet.clusters.selection import mean_agreement
from spectralnet.config.params import Params
from spectralnet.config.reading import read_params, read_raw
from spectralnet.config.settings import validate
from spectralnet.errors import ParameterError, SpectralNetError
from spectralnet.report.results import COLUMNS, SETTING, merge, read_table, rows_of
from spectralnet.report.results_document import document
from spectralnet.tracking.leaderboard import PipelineRun, fetch_artifact, finished_pipelines

# What a row names, or does not depend on. A run that differs elsewhere from params.yaml is no
# result of the project's settings.
FREE = {*SETTING, "seed", "device"}


def collect(table: Path, report: Path, published: Path) -> None:
    """Merge the store's runs into the table and write the report."""
    read_params()  # what cannot be used shall not pass for settings that no run has
    runs = [run for run in finished_pipelines() if is_usual(run)]
    # Of runs of one setting and seed the last counts; the oldest comes first.
    last = {_key(run, with_seed=True): run.run_id for run in runs if "acc" in run.metrics}
    latest = [run for run in runs if run.run_id in last.values()]
    agreement = _seed_agreement(latest)
    rows = [
        row
        for run in latest
        for row in rows_of(run.params, run.metrics | agreement.get(run.run_id, {}), run.commit)
    ]
    known = read_table(table) if table.exists() else pd.DataFrame(columns=COLUMNS)
    save_table(table, merge(known, rows))
    with whole_file(report) as partial:
        text = document(read_table(table), pd.read_csv(published).fillna(""))
        partial.write_text(text, encoding="utf-8")
    print(f"{len(latest)} runs with the settings of params.yaml, now in {table} and {report}")


def is_usual(run: PipelineRun) -> bool:
    """Say whether a run has the settings of params.yaml; a user's own data are no result."""
    if run.params["dataset"] == "own":
        return False
    raw = read_raw() | {name: run.params[name] for name in ("dataset", "affinity", "augment")}
    if topics := int(run.params.get("topics", 0)):  # a number of clusters and eigenvectors each
        raw["reuters"] |= {"topics": topics, "n_clusters": topics}
    try:
        usual = validate(Params, raw, "params.yaml")
    except ParameterError:  # the run's augmentation, say, without the convolutions it had
        return False
    known = usual.flat(run.params.get("method", "spectralnet"))
    expected = {name: str(value) for name, value in known.items() if name not in FREE}
    # Runs once named the parameters of all methods: those of others change nothing.
    others = tuple(f"{block}." for block in METHOD_BLOCKS)
    used = {k: v for k, v in run.params.items() if k in known or not k.startswith(others)}
    return {k: v for k, v in used.items() if k not in FREE} == expected


def _key(run: PipelineRun, with_seed: bool = False) -> tuple[str, ...]:
    names = [*SETTING, "seed"] if with_seed else SETTING
    return tuple(run.params.get(name, "") for name in names)


def _seed_agreement(runs: list[PipelineRun]) -> dict[str, dict[str, float]]:
    """Compare the clusterings of each setting's seeds: `seed_agreement` by run id.

    Only where all points were fitted: which ones were held out, or left out, may differ.
    """
    settings = defaultdict(list)
    for run in runs:
        if run.params["fit_on"] == "all" and run.params["limit"] == "None":
            settings[_key(run)].append(run)
    found = {}
    with TemporaryDirectory() as folder:
        for same in settings.values():
            if len(same) > 1:
                clusterings = [_clusters(run, Path(folder)) for run in same]
                for run, agreement in zip(same, mean_agreement(clusterings), strict=True):
                    found[run.run_id] = {"seed_agreement": float(agreement)}
    return found


def _clusters(run: PipelineRun, folder: Path) -> np.ndarray:
    return load_array(fetch_artifact(run.run_id, "clusters.npy", folder / run.run_id))


if __name__ == "__main__":
    docs = Path("docs")
    try:
        collect(docs / "results.csv", docs / "results.md", docs / "published.csv")
    except SpectralNetError as error:
        sys.exit(str(error))
