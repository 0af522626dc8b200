"""Put what the methods reached on one data set beside each other: a table and a picture."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from spectralnet.artifacts import load_json, save_table, whole_file
from spectralnet.report import plots
from spectralnet.tracking.records import read_record
from stages.common import Stage, main

SCORES = ["acc", "nmi", "ari", "acc_test", "nmi_test"]
COSTS = ["seconds", "peak_memory"]


def compare(stage: Stage, scores: Path, methods: Path, comparison: Path) -> str:
    """Write one row a method: SpectralNet, and all whose scores lie in a folder.

    What they cost, which differs from run to run, is printed and logged alone.
    """
    found = {scores: load_json(scores) | {"method": "spectralnet"} | _costs(scores)}
    for path in sorted(methods.rglob("metrics.json")):
        found[path] = load_json(path) | _costs(path.parent)
    table = pd.DataFrame([*found.values()]).reindex(columns=["method", *SCORES, *COSTS])
    table = table.dropna(axis=1, how="all")
    if "acc" in table:
        table = table.sort_values("acc", ascending=False, ignore_index=True)
    _write(stage, comparison, table.drop(columns=COSTS, errors="ignore"))
    with TemporaryDirectory() as folder:
        _write(stage, Path(folder), table)
        stage.run.log_results(sorted(Path(folder).iterdir()), metrics={})
    return f"{len(table)} methods\n{table.to_string(index=False)}\n"


def _costs(made: Path) -> dict[str, float]:
    """Return the costs of what made a method's results, scoring left out; none if unknown here."""
    costs = (read_record(made) or {}).get("costs", {})
    if "seconds" in costs:
        costs["seconds"] -= costs.get("seconds_evaluate", 0)
    return {name: costs[name] for name in COSTS if name in costs}


def _write(stage: Stage, folder: Path, table: pd.DataFrame) -> None:
    save_table(folder / "methods.csv", table)
    if table.shape[1] > 1:  # more than names
        with whole_file(folder / "methods.png") as partial:
            figure = plots.methods(table, stage.params.dataset)
            figure.savefig(partial, format="png", dpi=110)


if __name__ == "__main__":
    main(compare, method="compare")
