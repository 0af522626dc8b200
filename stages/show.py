"""Print the results of the configuration that the checkout holds."""

import sys
from pathlib import Path

from spectralnet.artifacts import load_json
from spectralnet.config.reading import read_params
from spectralnet.errors import SpectralNetError
from spectralnet.report.page import score_table
from spectralnet.tracking.records import read_record


def show() -> None:
    """Print scores by method, then what needs no labels."""
    path = Path("results/metrics.json")
    if not path.exists():
        sys.exit(f"{path} is missing: run `make run` or `dvc repro` first")
    try:
        params, metrics = read_params(), load_json(path)
    except SpectralNetError as error:
        sys.exit(str(error))
    print(
        f"\n{params.dataset}, space {params.space}, affinity {params.affinity}, "
        f"fit_on {params.fit_on}, seed {params.seed}\n"
    )
    table = score_table(metrics)
    if not table.empty:
        print(table.to_string(float_format="{:.3f}".format), end="\n\n")
    if "grassmann" in metrics:
        print(f"squared Grassmann distance to the exact eigenspace  {metrics['grassmann']:.4f}")
        print(f"agreement with exact spectral clustering (NMI)      {metrics['agreement']:.3f}")
    else:  # no exact eigenvectors
        largest = metrics["largest_residual"]
        print(f"largest residual of an eigenvector                  {largest:.2g}")
    suggested = metrics.get("suggested_n_clusters", "")
    print(f"clusters that the eigengap suggests                 {suggested}")
    print(f"connected components of the graph                   {metrics['components']}")
    print(f"seconds                                             {_times(path)}")
    print("pictures and what they say: results/report.html; curves and models: mlflow ui")


def _times(metrics: Path) -> str:
    """Say how long each stage took when it ran, as far as it ran here."""
    costs = (read_record(metrics) or {}).get("costs", {})
    times = {name.partition("_")[2]: value for name, value in costs.items() if "seconds_" in name}
    return ", ".join(f"{stage} {value:.0f}" for stage, value in times.items()) or (
        "not known here: the stages ran elsewhere"
    )


if __name__ == "__main__":
    show()
