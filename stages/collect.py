"""Add the runs that MLflow remembers to docs/results.csv, and write docs/results.md from it."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from spectralnet.artifacts import save_table, whole_file
from spectralnet.config.params import source_of
from spectralnet.config.reading import params_of, read_params, read_raw
from spectralnet.data.sets.catalogue import SOURCES
from spectralnet.errors import ParameterError, SpectralNetError
from spectralnet.report.results import SETTING, document, merge, read_table, rows_of
from spectralnet.tracking.runs import DIRTY, finished_pipelines

# What a row names, or does not depend on. A run that differs elsewhere from params.yaml is no
# result of the project's settings.
FREE = {*SETTING, "seed", "device", "processes"}


def collect(table: Path, report: Path, published: Path) -> None:
    """Merge the store's runs into the table and write the report."""
    read_params()  # what cannot be used shall not pass for settings that no run has
    rows = []
    for run in finished_pipelines():  # the last of a setting and seed counts
        params, metrics, tags = run.data.params, run.data.metrics, run.data.tags
        if "acc" in metrics and is_usual(params):
            commit = tags["git.commit"][:12] + ("-dirty" if DIRTY in tags else "")
            rows += rows_of(params, metrics, commit)
    known = read_table(table) if table.exists() else pd.DataFrame()
    save_table(table, merge(known, rows))
    with whole_file(report) as partial:
        text = document(read_table(table), pd.read_csv(published).fillna(""))
        partial.write_text(text, encoding="utf-8")
    print(f"{len(rows)} rows of runs with the settings of params.yaml, now in {table} and {report}")


def is_usual(params: Mapping[str, str]) -> bool:
    """Say whether a run has the settings of params.yaml; a user's own data are no result.

    So no row has pairs, which are of own data alone, and no average needs to tell them apart.
    """
    raw = read_raw() | {name: params[name] for name in ("dataset", "affinity", "augment")}
    if topics := int(params.get("topics", 0)):  # a number of clusters and eigenvectors each
        raw["reuters"] |= {"topics": topics, "n_clusters": topics}
    try:
        usual = params_of(raw, "params.yaml").flat(params.get("method", "spectralnet"))
    except ParameterError:  # the run's augmentation, say, without the convolutions it had
        return False
    expected = {name: str(value) for name, value in usual.items()}
    # Names that came later are not in older runs, which had today's defaults.
    same = all(expected.get(name) == value for name, value in params.items() if name not in FREE)
    dataset = params["dataset"]
    return same and dataset in SOURCES and source_of(dataset, dict(params)) != "own"


if __name__ == "__main__":
    docs = Path("docs")
    try:
        collect(docs / "results.csv", docs / "results.md", docs / "published.csv")
    except SpectralNetError as error:
        sys.exit(str(error))
