"""Print the results of the configuration that the checkout holds."""

import sys
from pathlib import Path

import pandas as pd

from spectralnet.artifacts import load_json
from spectralnet.config import read_params

ROWS = {
    "SpectralNet": ("", ""),
    "SpectralNet, held-out points": ("", "_test"),
    "exact spectral clustering, same graph": ("spectral_", ""),
    "k-means on what feeds the graph": ("kmeans_embedding_", ""),
    "k-means on the features": ("kmeans_", ""),
}
COLUMNS = {"ACC": "acc", "NMI": "nmi", "NMI (max)": "nmi_max", "ARI": "ari"}


def show() -> None:
    """Print scores by method, then what needs no labels."""
    path = Path("results/metrics.json")
    if not path.exists():
        sys.exit(f"{path} is missing: run `make run` or `dvc repro` first")
    params, metrics = read_params(), load_json(path)
    print(
        f"\n{params.dataset}, space {params.space}, affinity {params.affinity}, "
        f"fit_on {params.fit_on}, seed {params.seed}\n"
    )
    table = pd.DataFrame(
        {
            column: {
                row: metrics.get(before + name + after) for row, (before, after) in ROWS.items()
            }
            for column, name in COLUMNS.items()
        }
    ).dropna()
    if not table.empty:
        print(table.to_string(float_format="{:.3f}".format), end="\n\n")
    print(f"squared Grassmann distance to the exact eigenspace  {metrics['grassmann']:.4f}")
    print(f"agreement with exact spectral clustering (NMI)      {metrics['agreement']:.3f}")
    print(f"clusters that the eigengap suggests                 {metrics['suggested_n_clusters']}")
    print(f"connected components of the graph                   {metrics['components']}")
    seconds = {
        k.removeprefix("seconds_"): v for k, v in metrics.items() if k.startswith("seconds_")
    }
    print("seconds                                             ", end="")
    print(", ".join(f"{stage} {value:.0f}" for stage, value in seconds.items()))
    print("pictures in results/pictures; curves and models: mlflow ui")


if __name__ == "__main__":
    show()
