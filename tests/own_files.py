"""Samples of a user's own, written in each format, and how they are read."""

import numpy as np
import pandas as pd
import scipy.sparse
from sklearn.datasets import dump_svmlight_file

from spectralnet.data.reader import Wanted, find_source, open_samples
from spectralnet.data.sets.own import read_own

X = np.array([[1.0, 2.5], [3.0, 0.0], [0.0, 4.0]])


def read(path, labels=None, text=None, image_shape=None, show=None):
    return read_own(path, labels, text, image_shape, show)


def dense(x):
    return x.toarray() if scipy.sparse.issparse(x) else x


def chunks(path, **wanted):
    """Read as a prediction does, by two."""
    return list(open_samples(find_source(path), Wanted("", chunk=2, **wanted)).chunks)


def write_csv(folder):
    pd.DataFrame(X, columns=["a", "b"]).assign(y=["v", "u", None]).to_csv(
        folder / "x.csv", index=False
    )
    return folder / "x.csv", "y"


def write_parquet(folder):
    pd.DataFrame(X, columns=["a", "b"]).assign(y=["v", "u", None]).to_parquet(folder / "x.parquet")
    return folder / "x.parquet", "y"


def write_npz(folder):
    np.savez(folder / "x.npz", x=X, y=np.array([7, 3, 7]))
    return folder / "x.npz", "y"


def write_npy(folder):
    np.save(folder / "x.npy", X)
    return folder / "x.npy", None


def write_sparse(folder):
    scipy.sparse.save_npz(folder / "x.npz", scipy.sparse.csr_array(X))
    return folder / "x.npz", None


def write_svmlight(folder):
    dump_svmlight_file(X, [7, 3, 7], str(folder / "x.svmlight"))
    return folder / "x.svmlight", None


def write_pair(folder):
    np.save(folder / "features.npy", X)
    (folder / "labels.txt").write_text("seven\nfive\nseven\n")
    return folder, None
