import numpy as np
import pytest
from scipy.sparse import csr_array, random_array
from scipy.sparse.linalg import svds
from sklearn.decomposition import TruncatedSVD
from threadpoolctl import threadpool_limits
from toys import documents

from spectralnet.codes import lsa
from spectralnet.codes.lsa import N_DIRECTIONS, latent_semantics
from spectralnet.nets.devices import map_in_chunks


@pytest.fixture(scope="module")
def decaying():
    """Sparse rows of many lengths, whose singular values fall by a factor of 1.05."""
    generator = np.random.default_rng(0)
    left, right = (np.linalg.qr(generator.normal(size=(size, 160)))[0] for size in (200, 180))
    return csr_array(left * 1.05 ** -np.arange(160) @ right.T)


def test_rows_are_projected_on_the_first_singular_vectors(decaying, cpu):
    found = map_in_chunks(latent_semantics(decaying, 0), decaying, cpu)
    _, _, directions = svds(decaying, N_DIRECTIONS, rng=np.random.default_rng(0))
    expected = decaying @ directions.T
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=2e-3)


def test_rows_of_one_length_are_brought_back_to_one(cpu):
    x, _ = documents(200)
    for rows in (x, csr_array(x * np.float32(150**0.5))):
        found = map_in_chunks(latent_semantics(rows, 3), rows, cpu)
        expected = TruncatedSVD(N_DIRECTIONS, random_state=3).fit_transform(x)
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-4)


def test_equal_rows_stay_equal_and_empty_ones_empty(cpu):
    rows = np.zeros((150, 120), dtype=np.float32)
    rows[:-1, :3] = 1
    for x in (csr_array(rows[:-1]), csr_array(rows)):
        found = map_in_chunks(latent_semantics(x, 0), x, cpu)
        np.testing.assert_allclose(np.linalg.norm(found[:149], axis=1), 1, rtol=1e-6)
        assert len(np.unique(found[:149], axis=0)) == 1
        assert not found[149:].any()


def test_directions_of_many_rows_are_those_of_a_sample(monkeypatch, cpu):
    x, _ = documents(400)
    monkeypatch.setattr(lsa, "SAMPLE", 150)
    one, same, other = (latent_semantics(x, seed)[0].weight for seed in (0, 0, 1))
    assert (one == same).all()
    assert not (one == other).all()
    drawn = np.sort(np.random.default_rng(0).choice(400, 150, replace=False))
    expected = TruncatedSVD(N_DIRECTIONS, random_state=0).fit(x[drawn]).components_
    np.testing.assert_allclose(one.detach().numpy(), expected, rtol=1e-6)


def test_directions_are_the_same_bits_with_any_number_of_threads():
    x = csr_array(random_array((2000, 1500), density=0.02, random_state=0))
    found = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            found.append(latent_semantics(x, seed=0)[0].weight.detach().numpy())
    np.testing.assert_array_equal(*found)
