"""Draw how each method divides the plane of two toy sets: docs/images/decision_regions.png.

python -m benchmarks.decision_regions [--seed SEED] [--out FILE]
"""

import argparse
from pathlib import Path

from matplotlib.figure import Figure
from sklearn.cluster import KMeans

from spectralnet import DEC, DualAutoencoder, SpectralNet
from spectralnet.metrics import accuracy
from spectralnet.plots import decision_regions
from tests.toys import nested_cs, two_moons


def draw(seed: int, out: Path) -> None:
    """Fit each method to each set, and write one picture."""
    sets = {"two moons": two_moons(1500, seed=seed), "nested C's": nested_cs(1500, seed=seed)}
    methods = {
        "k-means": KMeans(2, random_state=seed),
        "DEC": DEC(2, random_state=seed),
        "Dual Autoencoder": DualAutoencoder(2, random_state=seed),
        "SpectralNet": SpectralNet(2, random_state=seed),
    }
    figure = Figure(figsize=(3 * len(methods), 3 * len(sets)), layout="constrained")
    grid = figure.subplots(len(sets), len(methods), squeeze=False)
    for row, (name, (points, labels)) in zip(grid, sets.items(), strict=True):
        for axes, (method, estimator) in zip(row, methods.items(), strict=True):
            estimator.fit(points)
            decision_regions(axes, estimator.predict, points, labels)
            score = accuracy(labels, estimator.labels_)
            axes.set(title=f"{method}\n{name}: ACC {score:.3f}")
            print(f"{name}, {method}, seed {seed}: ACC {score:.3f}", flush=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("docs/images/decision_regions.png"))
    arguments = parser.parse_args()
    draw(arguments.seed, arguments.out)
