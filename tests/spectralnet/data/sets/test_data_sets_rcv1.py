import zlib

import numpy as np
import pytest
from scipy.sparse import csr_array

from spectralnet.data.sets.rcv1 import fit_terms, read_rcv1, select_roots
from spectralnet.errors import DataError

NAMES = ["C11", "CCAT", "ECAT", "GCAT", "MCAT"]
TOPICS = np.array([[1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1], [1, 0, 0, 0, 0]])
X = csr_array([[0.5, 0, 0.5], [0, 1, 0], [0, 0.3, 0.4], [1, 0, 0]])


def test_documents_under_one_root_are_kept():
    x, labels, rows = select_roots(X, csr_array(TOPICS), NAMES)
    np.testing.assert_array_equal(rows, [0, 2])
    np.testing.assert_array_equal(labels, [0, 3])
    np.testing.assert_array_equal(x.toarray(), X.toarray()[[0, 2]])


def test_the_terms_of_most_documents_are_kept_as_directions():
    columns = fit_terms(csr_array([[0.5, 0, 0.5], [0, 0.3, 0.4], [9, 0, 1]]), 2)
    np.testing.assert_array_equal(columns.keep, [0, 2])
    found = columns.transform(csr_array([[3, 5, 4]])).toarray()
    np.testing.assert_allclose(found, np.array([[0.6, 0.8]]) * np.sqrt(2), rtol=1e-6)


@pytest.mark.parametrize("error", [EOFError(), ValueError("cut"), zlib.error("damaged")])
def test_a_damaged_copy_is_named(tmp_path, monkeypatch, error):
    def fetch(data_home, subset):
        raise error

    monkeypatch.setattr("spectralnet.data.sets.rcv1.fetch_rcv1", fetch)
    with pytest.raises(DataError, match=r"rcv1/RCV1 cannot be read .*: delete it"):
        read_rcv1([tmp_path])


def test_scikit_learns_copy_is_looked_for_before_a_download(tmp_path, monkeypatch):
    asked = []

    def fetch(data_home, subset):
        asked.append(data_home)
        raise OSError("no network")

    monkeypatch.setattr("spectralnet.data.sets.rcv1.fetch_rcv1", fetch)
    (tmp_path / "a/rcv1/RCV1").mkdir(parents=True)
    for folders in ([tmp_path / "a", tmp_path / "b"], [tmp_path / "b"]):
        with pytest.raises(DataError, match=r"could not be downloaded .no network"):
            read_rcv1(folders)
    assert asked == [str(tmp_path / "a/rcv1"), str(tmp_path / "b/rcv1")]
