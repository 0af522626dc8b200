"""Put what the methods reached on one data set beside each other: a table and a picture."""

from pathlib import Path

import pandas as pd

from spectralnet.artifacts import load_json, save_table, whole_file
from spectralnet.report import plots
from stages.common import Stage, main

COLUMNS = ["method", "acc", "nmi", "ari", "acc_test", "nmi_test", "seconds", "peak_memory"]


def compare(stage: Stage, scores: Path, methods: Path, comparison: Path) -> str:
    """Write one row a method: SpectralNet, and all whose scores lie in a folder."""
    ours = load_json(scores) | {"method": "spectralnet"}
    ours["seconds"] -= ours["seconds_evaluate"]  # the other methods' leave scoring out, too
    rows = [ours, *(load_json(path) for path in sorted(methods.rglob("metrics.json")))]
    table = pd.DataFrame(rows).reindex(columns=COLUMNS).dropna(axis=1, how="all")
    if "acc" in table:
        table = table.sort_values("acc", ascending=False, ignore_index=True)
    save_table(comparison / "methods.csv", table)
    with whole_file(comparison / "methods.png") as partial:
        figure = plots.methods(table, stage.params.dataset)
        figure.savefig(partial, format="png", dpi=110)
    files = [comparison / "methods.csv", comparison / "methods.png"]
    stage.run.log_results(files, metrics={}, records=[])
    return f"{len(table)} methods\n{table.to_string(index=False)}\n"


if __name__ == "__main__":
    main(compare, method="compare")
