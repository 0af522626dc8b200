"""How clusters are best read off eigenvectors, by rules that see no labels.

    SPECTRALNET_DATA=... python -m benchmarks.selection

On exact eigenvectors of graphs of many kinds: real sets (`benchmarks.sets`, and the gradients of
images), digits and clothes drawn anew five times, blobs of sizes from 1:1 to 1:100, and complete
graphs of Gaussian affinities. The scores of these graphs were in sight when the rule was chosen.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from benchmarks.data import load
from benchmarks.sets import SETS
from spectralnet.clusters.kmeans import unit_rows
from spectralnet.clusters.selection import eigenvector_weights, modularity, relative_gap
from spectralnet.graph.affinity import GraphParams, affinity_graph, degrees
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.nets.devices import map_in_chunks
from spectralnet.nets.gradients import OrientedGradients
from spectralnet.spectral.exact import exact_eigenvectors
from spectralnet.spectral.training import candidate_components

SIZES = [(1000, 100, 40), (400, 60, 20), (900, 300, 100, 30), (2000, 20), (300, 300, 300, 300)]
REAL = ["optdigits", "segment", "satimage", "vowel", "vehicle", "movement_libras", "iris", "wine",
        "breast-cancer", "minilm-4", "minilm-10"]  # fmt: skip
Labels = NDArray[np.int64]


def neighbours(x: Any) -> csr_array:
    """Make this project's graph of points, shape (n, d)."""
    return affinity_graph(nearest_neighbours(x, 20), GraphParams())


def graphs() -> Iterator[tuple[str, csr_array, Labels]]:
    """Yield a kind, a graph, and the classes of its nodes."""
    for name in REAL:
        yield "real", neighbours(SETS[name].load(0).x), SETS[name].load(0).labels
    for name in ("mnist", "fashion-mnist"):
        for seed in range(5):
            x, labels = load(name, 10_000, seed)
            gradients = map_in_chunks(OrientedGradients((28, 28)), x, torch.device("cpu"))
            yield "images, pixels", neighbours(x), labels
            yield "images, gradients", neighbours(gradients), labels
    for sizes in SIZES:
        for seed in range(3):
            random, labels = np.random.default_rng(seed), np.repeat(np.arange(len(sizes)), sizes)
            corners = np.array([[0, 0], [7, 0], [0, 7], [7, 7]])
            yield "blobs", neighbours(random.normal(corners[labels], 1).astype("f4")), labels
    for seed in range(16):
        random, labels = np.random.default_rng(seed), np.repeat(range(5), (120, 90, 60, 45, 35))
        points = random.normal(random.normal(0, 4, (5, 4))[labels], 1)
        weights = np.exp(-cdist(points, points, "sqeuclidean") / 4)
        np.fill_diagonal(weights, 0)
        yield "Gaussian kernel", csr_array(weights), labels


def worst_conductance(graph: csr_array, clusters: Labels) -> float:
    """Measure the largest part of a cluster's weight, or of the rest's, that leaves it."""
    edges, volume = graph.tocoo(), np.bincount(clusters, degrees(graph))
    leaves = clusters[edges.row] != clusters[edges.col]
    cut = np.bincount(clusters[edges.row], edges.data * leaves)
    return float(np.max(cut / np.minimum(volume, volume.sum() - volume)))


def aris(graph: csr_array, labels: Labels) -> dict[str, float]:
    """Cluster with each number of eigenvectors, and by the filter: ARI by the rule that chooses."""
    k = len(np.unique(labels))
    vectors, values = exact_eigenvectors(graph, candidate_components(k) + 1)

    def clusters(weights: NDArray[np.floating]) -> Labels:
        directions = unit_rows(vectors[:, : len(weights)] * weights)
        return KMeans(k, n_init=10, random_state=0).fit_predict(directions)

    counts = range(k, candidate_components(k) + 1)
    found = {count: clusters(np.ones(count)) for count in counts}
    ari = {count: adjusted_rand_score(labels, found[count]) for count in counts}
    rules: dict[str, Callable[[int], float]] = {
        "as many as clusters": lambda count: -count,
        "largest modularity": lambda count: modularity(graph, found[count]),
        "least worst conductance": lambda count: -worst_conductance(graph, found[count]),
        "largest relative gap": lambda count: relative_gap(values, count),
        "best of seven, by labels": lambda count: ari[count],
    }
    scores = {rule: ari[max(counts, key=worth)] for rule, worth in rules.items()}
    weighted = clusters(eigenvector_weights(values[:-1], k))
    return scores | {"weights by eigenvalues (this project)": adjusted_rand_score(labels, weighted)}


def main() -> None:
    """Print mean and worst ARI of each rule, by kind of graph."""
    rows = [{"kind": kind} | aris(graph, labels) for kind, graph, labels in graphs()]
    by_kind = pd.DataFrame(rows).groupby("kind")
    for name, table in (("mean", by_kind.mean()), ("worst", by_kind.min())):
        print(
            f"{name} ARI, {len(rows)} graphs\n{table.T.to_string(float_format='{:.3f}'.format)}\n"
        )


if __name__ == "__main__":
    main()
