"""RCV1 through scikit-learn: news under one of the four root topics."""

import pickle
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.datasets import fetch_rcv1

from spectralnet.data.preparation import Columns
from spectralnet.errors import DataError

ROOTS = ("CCAT", "ECAT", "GCAT", "MCAT")
# What scikit-learn's cache raises, cut or changed.
DAMAGED = (EOFError, ValueError, KeyError, pickle.UnpicklingError, zlib.error)
N_TRAINING = 23_149  # the official training part comes first


def read_rcv1(
    folders: Sequence[Path],
) -> tuple[csr_array, NDArray[np.int64], NDArray[np.int64]]:
    """Read the documents that stand under one root topic only; 685,071 of 804,414.

    Parameters
    ----------
    folders : sequence of Path
        Looked into for ``rcv1/RCV1``, scikit-learn's own cache, before it downloads into the
        last.

    Returns
    -------
    x : csr_array of shape (n, 47236)
        Weights of terms: scikit-learn's log TF-IDF.
    labels : ndarray of shape (n,)
        Indices of `ROOTS`.
    rows : ndarray of shape (n,)
        In scikit-learn's order.

    Raises
    ------
    DataError
        If the data cannot be had.
    """
    here = [folder for folder in folders if (folder / "rcv1/RCV1").is_dir()]
    folder = (here or list(folders[-1:]))[0] / "rcv1"
    try:
        data = fetch_rcv1(data_home=str(folder), subset="all")
    except DAMAGED as error:
        raise DataError(
            f"{folder}/RCV1 cannot be read ({error}): delete it to download it again"
        ) from error
    except OSError as error:  # urllib's errors are
        raise DataError(
            f"RCV1 is not in {' or '.join(map(str, folders))}, and could not be downloaded "
            f"({error}): set SPECTRALNET_DATA to a folder that holds rcv1/RCV1"
        ) from error
    return select_roots(csr_array(data.data), csr_array(data.target), list(data.target_names))


def select_roots(
    x: csr_array, topics: csr_array, names: Sequence[Any]
) -> tuple[csr_array, NDArray[np.int64], NDArray[np.int64]]:
    """Keep the documents under one root only; see `read_rcv1`.

    Parameters
    ----------
    x : csr_array of shape (n, d)
    topics : csr_array of shape (n, number of topics)
        1 where a document is under a topic.
    names : sequence of str
        Of the topics.
    """
    under = topics[:, [list(names).index(root) for root in ROOTS]].toarray() > 0  # (n, 4)
    rows = np.flatnonzero(under.sum(axis=1) == 1)
    return x[rows], under[rows].argmax(axis=1), rows


def fit_terms(x: csr_array, n_terms: int) -> Columns:
    """Keep the terms that most documents hold, and the directions of what is left.

    Parameters
    ----------
    x : csr_array of shape (n, d)
    n_terms : int

    Returns
    -------
    Columns
    """
    documents = np.bincount(x.indices, minlength=x.shape[1])
    keep = np.sort(np.argsort(-documents, kind="stable")[:n_terms])
    return Columns(x.shape[1], keep, directions=True)
