import numpy as np
import pytest
from scipy.linalg import subspace_angles
from scipy.sparse import csr_array
from sklearn.metrics import normalized_mutual_info_score

from spectralnet.clusters.selection import modularity
from spectralnet.graph.affinity import degrees
from spectralnet.report.comparison import compare_with_exact, label_free_metrics
from spectralnet.spectral.exact import exact_eigenvectors


def test_the_exact_embedding_is_at_no_distance_from_itself(blob_graph):
    vectors, values = exact_eigenvectors(blob_graph, 9)
    clusters = np.repeat([0, 1, 2], 60)
    exact_clusters, spectrum, compared = compare_with_exact(
        vectors, clusters, 3, blob_graph, True, seed=0
    )
    assert compared["grassmann"] == pytest.approx(0, abs=1e-9)
    assert compared["spectral_eigenvalue_sum"] == pytest.approx(values.sum())
    assert len(spectrum) == 9
    mass = degrees(blob_graph) ** -0.5
    every = 1 - np.linalg.eigvalsh(mass[:, None] * blob_graph.toarray() * mass)[::-1]
    assert compared["suggested_n_clusters"] == np.diff(every[1:7]).argmax() + 2
    assert compared["eigengap"] == pytest.approx(1 - spectrum[2] / spectrum[3])
    expected = normalized_mutual_info_score(clusters, exact_clusters)
    assert compared["agreement"] == pytest.approx(expected)
    assert compared["spectral_modularity"] == modularity(blob_graph, exact_clusters)
    described = label_free_metrics(blob_graph, clusters, 3, values)
    assert described["eigenvalue_sum"] == values.sum()
    assert described["modularity"] == modularity(blob_graph, clusters)
    assert (described["smallest_cluster"], described["largest_cluster"]) == (60, 60)


def test_an_unrelated_embedding_is_far_and_an_empty_cluster_is_seen(blob_graph):
    y = np.random.default_rng(0).normal(size=(180, 4))
    clusters = np.repeat([0, 1], 90)
    compared = compare_with_exact(y, clusters, 3, blob_graph, True, seed=0)[2]
    assert compared["grassmann"] > 3
    assert label_free_metrics(blob_graph, clusters, 3, np.ones(4))["smallest_cluster"] == 0


def test_noise_is_left_out_of_what_compares_clusters(blob_graph):
    vectors, values = exact_eigenvectors(blob_graph, 4)
    clusters = np.repeat([0, 1, 2], 60)
    clusters[50:75] = -1
    exact, _, compared = compare_with_exact(vectors, clusters, 3, blob_graph, True, seed=0)
    kept = clusters >= 0
    expected = normalized_mutual_info_score(exact[kept], clusters[kept])
    assert compared["agreement"] == pytest.approx(expected)
    among = modularity(blob_graph[kept][:, kept], exact[kept])
    assert compared["spectral_modularity"] == pytest.approx(among)
    described = label_free_metrics(blob_graph, clusters, 3, values)
    assert (described["smallest_cluster"], described["largest_cluster"]) == (45, 60)


def test_few_points_have_no_eigengap():
    """As many clusters as eigenvalues leave nothing to compare with."""
    ring = csr_array(np.roll(np.eye(5), 1, axis=1) + np.roll(np.eye(5), -1, axis=1))
    vectors, _ = exact_eigenvectors(ring, 4)
    clusters = np.array([0, 1, 2, 3, 3])
    compared = compare_with_exact(vectors, clusters, 4, ring, True, seed=0)[2]
    assert "eigengap" not in compared
    assert "suggested_n_clusters" not in compared


def test_the_distance_to_the_exact_space_is_in_the_inner_product_of_degrees(blob_graph):
    """Against SciPy's principal angles; without the degrees it would be another."""
    vectors, _ = exact_eigenvectors(blob_graph, 4)
    y = vectors + 0.3 * np.random.default_rng(0).normal(size=vectors.shape)
    found = compare_with_exact(y, np.repeat([0, 1, 2], 60), 3, blob_graph, True, seed=0)[2]
    root = np.sqrt(degrees(blob_graph))[:, None]
    weighted, plain = (
        np.sum(np.sin(subspace_angles(a * y, a * vectors)) ** 2) for a in (root, np.ones_like(root))
    )
    assert found["grassmann"] == pytest.approx(weighted, rel=1e-6)
    assert abs(plain - weighted) > 1e-3
