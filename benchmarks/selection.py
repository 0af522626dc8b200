"""How well modularity chooses among clusterings that labels would tell apart.

    python -m benchmarks.selection

On data sets that scikit-learn brings; of them digits alone had a say in a default, the
overlap of the graph. Each is clustered
from its exact eigenvectors, as many as clusters and up to six more, in graphs of several
sizes, for several seeds. Within a graph the clustering of the largest modularity is held
against the best one by ACC, against as many eigenvectors as clusters, and against one more.
"""

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

from spectralnet.clusters.kmeans import fit_centroids, nearest_centroid, unit_rows
from spectralnet.clusters.scores import accuracy
from spectralnet.clusters.selection import modularity
from spectralnet.graph.affinity import GraphParams, affinity_graph
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.spectral.laplacian import exact_eigenvectors
from spectralnet.spectral.training import candidate_components

SEEDS = range(5)
SIZES = (10, 20, 30)  # neighbours
SETS = {
    "digits": load_digits,
    "iris": load_iris,
    "wine": load_wine,
    "breast cancer": load_breast_cancer,
}


def clusterings(x: np.ndarray, labels: np.ndarray, n_neighbours: int, seed: int) -> pd.DataFrame:
    """Cluster in one graph with each number of eigenvectors: its modularity and its ACC."""
    params = GraphParams(
        n_neighbours=n_neighbours, search="exact", scale="local", scale_neighbour=10, overlap=1
    )
    graph = affinity_graph(nearest_neighbours(x, n_neighbours), params)
    n_clusters = len(np.unique(labels))
    vectors, _ = exact_eigenvectors(graph, candidate_components(n_clusters), seed=seed)
    rows = []
    for used in range(n_clusters, candidate_components(n_clusters) + 1):
        directions = unit_rows(vectors[:, :used])
        centroids = fit_centroids(directions, n_clusters, seed)
        clusters = nearest_centroid(directions, centroids)
        rows.append((modularity(graph, clusters), accuracy(labels, clusters)))
    return pd.DataFrame(rows, columns=["modularity", "acc"])


def main() -> None:
    """Print one line a data set and graph, means over the seeds, and the mean of the lines."""
    print("ACC of               chosen    best as many one more  rank correlation with ACC")
    lines = []
    for name, load in SETS.items():
        x, labels = load(return_X_y=True)
        x = StandardScaler().fit_transform(x).astype(np.float32) if name != "digits" else x
        for n_neighbours in SIZES:
            found = []
            for seed in SEEDS:
                table = clusterings(x.astype(np.float32), labels, n_neighbours, seed)
                acc = table["acc"]
                varied = table["modularity"].nunique() > 1 and acc.nunique() > 1
                rank = spearmanr(table["modularity"], acc).statistic if varied else np.nan
                found.append((acc[table["modularity"].argmax()], acc.max(), acc[0], acc[1], rank))
            lines.append(np.nanmean(found, axis=0))
            print_line(f"{name:14s} k = {n_neighbours:2d}", lines[-1])
    print_line("mean", np.mean(lines, axis=0))


def print_line(name: str, numbers: np.ndarray) -> None:
    """Print accuracies, and the rank correlation with its sign."""
    *accuracies, rank = numbers
    print(f"{name:19s}", "".join(f"{acc:8.3f}" for acc in accuracies), f"   {rank:+.2f}")


if __name__ == "__main__":
    main()
