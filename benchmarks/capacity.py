"""How large the spectral net has to be: its distance from the eigenspace by width, depth and n.

``python -m benchmarks.capacity`` trains nets of several sizes, without landmarks, on graphs of
10^2 to 10^4 points of two kinds, and writes benchmarks/results/capacity.csv and
docs/images/capacity.png. What is compared are the first k eigenvectors, k the number of clusters,
with the exact ones of the same graph: the squared Grassmann distance is 0 where they span the
same space, and each one that is missed adds 1.

Shaham et al. (2018, section 4) bound the size from below: the VC dimension of nets that reach the
eigenvectors of *any* n points grows at least linearly in n. This asks about points as they are.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.data import load
from spectralnet.artifacts import save_table
from spectralnet.config.defaults import default_settings
from spectralnet.errors import TrainingError
from spectralnet.graph.affinity import degrees
from spectralnet.matrices import Matrix
from spectralnet.methods.affinities import connect
from spectralnet.nets.devices import map_in_chunks
from spectralnet.nets.gradients import OrientedGradients
from spectralnet.spectral.exact import exact_eigenvectors
from spectralnet.spectral.laplacian import squared_grassmann_distance
from spectralnet.spectral.training import train_spectral_map
from tests.toys import two_moons

SIZES = (100, 1_000, 10_000)
HIDDEN = ([16], [64], [256], [16, 16], [64, 64], [256, 256], [64, 64, 64], [512, 512])
FIXED = {"landmarks": 0, "sampler": "edges"}
SEED, CPU = 0, torch.device("cpu")
TABLE = Path(__file__).parent / "results/capacity.csv"
PICTURE = Path(__file__).parents[1] / "docs/images/capacity.png"


def points(kind: str, n: int) -> tuple[Matrix, int]:
    """Return rows as the spectral net sees them, and the number of clusters."""
    if kind == "two moons":
        return two_moons(n, noise=0.05, seed=SEED)[0], 2
    x, _ = load("mnist", None)
    rows = np.random.default_rng(SEED).permutation(len(x))[:n]
    return map_in_chunks(OrientedGradients((28, 28)), x[np.sort(rows)], CPU), 10


def distances(kind: str, n: int) -> list[dict[str, object]]:
    """Train a net of each size on one graph."""
    x, k = points(kind, n)
    settings = default_settings(n, k, {})
    graph, _ = connect(x, settings.graph, SEED)
    exact, values = exact_eigenvectors(graph, k, seed=SEED)
    rows = []
    for hidden in HIDDEN:
        params = settings.spectralnet.model_copy(update={"hidden": hidden} | FIXED)
        found = train_spectral_map(x, graph, params, settings.graph, seed=SEED, device=CPU)
        learned: NDArray[np.float32] = map_in_chunks(found.spectral_map, x, CPU)[:, :k]
        row = {
            "points": kind,
            "n": n,
            "hidden": "-".join(map(str, hidden)),
            "weights": sum(weights.numel() for weights in found.spectral_map.parameters()),
            "grassmann2": squared_grassmann_distance(learned, exact, degrees(graph)),
            "eigenvalues": found.eigenvalues[:k].sum(),
            "exact": values[:k].sum(),
        }
        print(row, flush=True)
        rows.append(row)
    return rows


def draw(table: pd.DataFrame) -> None:
    """Draw the distance by n, a line for each size."""
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    kinds = table["points"].unique()
    for axes, kind in zip(figure.subplots(1, len(kinds)), kinds, strict=True):
        for hidden, part in table[table["points"] == kind].groupby("hidden", sort=False):
            axes.plot(part["n"], part["grassmann2"], marker="o", label=hidden)
        axes.set(xscale="log", title=kind, xlabel="points", ylim=0)
    figure.axes[0].set_ylabel("squared Grassmann distance")
    figure.axes[-1].legend(title="hidden", loc="upper left", bbox_to_anchor=(1, 1))
    figure.savefig(PICTURE, dpi=150)


if __name__ == "__main__":
    rows = []
    for kind in ("two moons", "MNIST, gradients"):
        for n in SIZES:
            try:
                rows += distances(kind, n)
            except TrainingError as error:
                print(kind, n, error, flush=True)
            save_table(TABLE, pd.DataFrame(rows))
    draw(pd.DataFrame(rows))
