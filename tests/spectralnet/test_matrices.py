"""What is trained on a sparse matrix is what is trained on the same numbers, dense."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from spectralnet.checks import count_distinct
from spectralnet.codes.autoencoder import train_autoencoder
from spectralnet.matrices import (
    Points,
    as_csr,
    dense_rows,
    empty_rows,
    mean_and_variance,
    near_rows,
    seeded_sample,
    weights_between,
)
from spectralnet.metric.siamese import train_siamese
from spectralnet.nets.devices import map_in_chunks
from spectralnet.report.comparison import kmeans_clusters
from spectralnet.spectral.training import train_spectral_map


@pytest.fixture
def sparse(blobs):
    return csr_array(np.where(blobs > 0.5, blobs, 0))


def test_zeros_among_the_entries_are_no_content():
    x = csr_array((np.array([0.0, 1.0, 0.0, 2.0]), [0, 1, 0, 1], [0, 1, 2, 2, 4]), shape=(4, 2))
    np.testing.assert_array_equal(empty_rows(x), [True, False, True, False])
    np.testing.assert_array_equal(empty_rows(x), empty_rows(x.toarray()))


def test_rows_become_dense(sparse, cpu):
    rows = np.array([5, 0, 5])
    np.testing.assert_array_equal(dense_rows(sparse, rows), sparse.toarray()[rows])
    for x in (sparse, sparse.toarray()):
        points = Points(x, cpu)
        assert (len(points), points.shape) == (180, (180, 4))
        np.testing.assert_array_equal(
            points[torch.from_numpy(rows)].numpy(), sparse.toarray()[rows]
        )
        np.testing.assert_array_equal(empty_rows(x), (sparse.toarray() == 0).all(axis=1))
        mean, variance = mean_and_variance(x)
        np.testing.assert_allclose(mean, sparse.toarray().mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(variance, sparse.toarray().var(axis=0), rtol=1e-5)


def test_every_trainer_takes_sparse_rows(sparse, blob_graph, settings, cpu):
    few = {"epochs": 2, "steps_per_epoch": 5}
    siamese = settings.siamese.model_copy(update=few)
    spectral = settings.spectralnet.model_copy(update={**few, "n_components": 4})
    autoencoder = settings.autoencoder.model_copy(update={"epochs": 2})
    maps = []
    for x in (sparse, sparse.toarray()):
        coder, _ = train_autoencoder(x, autoencoder, seed=0, device=cpu)
        embedder, _ = train_siamese(x, blob_graph, siamese, seed=0, device=cpu)
        mapped, *_ = train_spectral_map(x, blob_graph, spectral, settings.graph, seed=0, device=cpu)
        maps.append([map_in_chunks(net, x, cpu, 50) for net in (coder.encoder, embedder, mapped)])
    for of_sparse, of_dense in zip(*maps, strict=True):
        np.testing.assert_allclose(of_sparse, of_dense, atol=1e-4)


def test_sparse_rows_are_clustered_as_dense_ones(sparse):
    np.testing.assert_array_equal(
        kmeans_clusters(sparse, 3, 0), kmeans_clusters(sparse.toarray(), 3, 0)
    )


def test_indices_stay_wide_where_32_bits_do_not_do():
    wide = csr_array(([1.0], np.array([2**33]), np.array([0, 1])), shape=(1, 2**34))
    assert as_csr(wide).indices.tolist() == [2**33]


def test_weights_between_groups_are_sums_of_blocks(blob_graph, monkeypatch):
    monkeypatch.setattr("spectralnet.matrices.ENTRIES_AT_ONCE", 100)
    groups = np.random.default_rng(0).integers(5, size=180)
    one_hot = np.eye(6)[groups]  # the last group is empty
    expected = one_hot.T @ blob_graph.toarray() @ one_hot
    np.testing.assert_allclose(weights_between(blob_graph, groups, 6), expected)


@pytest.mark.parametrize("rows", [np.asarray, np.asfortranarray, csr_array])
def test_distinct_rows_are_counted_up_to_a_number(rows):
    x = rows(np.random.default_rng(0).integers(3, size=(400, 4)).astype(np.float32))
    dense = x.toarray() if isinstance(x, csr_array) else x
    n_distinct = len(np.unique(dense, axis=0))
    assert 50 < n_distinct < 82
    assert [count_distinct(x, most) for most in (1, 50, 200)] == [1, 50, n_distinct]


def test_zeros_of_both_signs_are_one_row():
    assert count_distinct(np.array([[0.0], [-0.0]], dtype=np.float32), 2) == 1


def test_a_tight_majority_makes_no_outliers_of_the_rest():
    """Groups of two fifths, hundreds of times as far as most lie apart, are what is to be found."""
    random = np.random.default_rng(0)
    x = random.normal(0, 0.01, (1000, 3)).astype(np.float32)
    x[600:, 0] += 5
    assert near_rows(x).all()
    x[990:] *= 1000
    np.testing.assert_array_equal(np.flatnonzero(~near_rows(x)), np.arange(990, 1000))


def test_a_sample_is_seeded_and_ascending():
    rows = seeded_sample(1000, 30, seed=3)
    np.testing.assert_array_equal(rows, np.unique(rows))
    assert len(rows) == 30
    np.testing.assert_array_equal(rows, seeded_sample(1000, 30, seed=3))
    np.testing.assert_array_equal(seeded_sample(30, 30, seed=3), np.arange(30))
