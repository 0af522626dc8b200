"""Matrices whose rows are points: dense, or sparse until a minibatch is drawn."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse, sparray, spmatrix
from sklearn.preprocessing import normalize
from sklearn.utils.sparsefuncs import mean_variance_axis
from torch import Tensor

from spectralnet.errors import DataError

Matrix: TypeAlias = NDArray[np.float32] | csr_array  # (n, d)
NUMBERS_AT_ONCE = 2**22  # numbers
ENTRIES_AT_ONCE = 2**21  # of sparse matrices
MEDIAN_SAMPLE = 10_000
FAR = 10  # times the distance within which `MOST` lie: there outliers begin
MOST = 0.75  # of the points: more than a quarter are no outliers, however close the others lie
ALIKE = 1e-3  # parts by which lengths may differ that are one
Rows = slice | NDArray[np.integer] | NDArray[np.bool_]


def as_csr(x: spmatrix | sparray) -> csr_array:
    """Return a sparse matrix in CSR format, its indices of 32 bits wherever these do.

    scikit-learn's k-means takes no others, and its reader of svmlight gives 64.
    """
    x = csr_array(x)
    if x.indices.dtype == np.int64 and max(x.nnz, *x.shape) <= np.iinfo(np.int32).max:
        indices, indptr = x.indices.astype(np.int32), x.indptr.astype(np.int32)
        x = csr_array((x.data, indices, indptr), shape=x.shape)
    return x


def dense_rows(x: Matrix, rows: Rows) -> NDArray[np.float32]:
    """Return some rows of a matrix as a dense copy, shape (m, d), float32."""
    chosen = x[rows]
    return np.array(chosen.toarray() if isinstance(chosen, csr_array) else chosen, dtype=np.float32)


def seeded_sample(n: int, m: int, seed: int) -> NDArray[np.int64]:
    """Draw m of n rows, ascending; all where there are no more."""
    if n <= m:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, m, replace=False))


def blocks(n: int, rows: int) -> list[slice]:
    """Cut n rows into blocks of so many."""
    return [slice(start, min(n, start + rows)) for start in range(0, n, rows)]


def row_blocks(graph: csr_array) -> list[slice]:
    """Cut the rows of a sparse matrix into blocks of about `ENTRIES_AT_ONCE` entries."""
    marks = np.arange(ENTRIES_AT_ONCE, graph.nnz, ENTRIES_AT_ONCE)
    cuts = np.unique([0, *np.searchsorted(graph.indptr, marks), graph.shape[0]]).tolist()
    return [slice(a, b) for a, b in pairwise(cuts)]


def weights_between(graph: csr_array, groups: NDArray[np.integer], m: int) -> NDArray[np.float64]:
    """Sum the entries of a sparse matrix, shape (n, n), between m groups of points: (m, m).

    `groups`, shape (n,), are from 0 to m - 1.
    """
    between = np.zeros(m * m)
    for rows in row_blocks(graph):
        part = graph[rows]
        from_ = np.repeat(groups[rows].astype(np.int64) * m, np.diff(part.indptr))
        between += np.bincount(from_ + groups[part.indices], part.data, m * m)
    return between.reshape(m, m)


def row_hashes(x: Matrix) -> NDArray[np.uint64]:
    """Return 64 bits of each row of x, shape (n, d), the same for equal rows: (n,)."""
    if isinstance(x, csr_array):
        whole = csr_array(x, copy=True)
        whole.sum_duplicates()
        whole.eliminate_zeros()
        mixed = np.append(_mixed(whole.data, whole.indices), np.uint64(0))
        ends = np.concatenate([[np.uint64(0)], np.cumsum(mixed, dtype=np.uint64)])[whole.indptr]
        return np.diff(ends)
    hashes = np.empty(len(x), dtype=np.uint64)
    chunk = max(1, NUMBERS_AT_ONCE // x.shape[1])
    for start in range(0, len(x), chunk):
        rows = slice(start, start + chunk)
        hashes[rows] = _mixed(x[rows], np.arange(x.shape[1])).sum(axis=1, dtype=np.uint64)
    return hashes


def _mixed(values: NDArray[np.floating], columns: NDArray[np.integer]) -> NDArray[np.uint64]:
    """Mix the bits of values and of their columns, so that sums tell rows apart (SplitMix64)."""
    bits = (values + np.float64(0)).view(np.uint64)  # + 0: -0 equals 0
    mixed = bits + columns.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))


def empty_rows(x: Matrix) -> NDArray[np.bool_]:
    """Say which rows hold zeros only: a mask of shape (n,)."""
    if not isinstance(x, csr_array):
        return ~np.any(x, axis=1)
    content = np.append(0, np.cumsum(x.data != 0))  # zeros may be among the entries
    return np.diff(content[x.indptr]) == 0


def mean_and_variance(x: Matrix) -> tuple[Tensor, Tensor]:
    """Return the mean and the variance of each column, shape (d,) each."""
    if isinstance(x, csr_array):
        mean, variance = mean_variance_axis(x, axis=0)
        return torch.from_numpy(mean), torch.from_numpy(variance)
    points = torch.from_numpy(np.asarray(x))
    return points.mean(dim=0), points.var(dim=0, correction=0)


def near_rows(x: Matrix) -> NDArray[np.bool_]:
    """Say which rows of x, shape (n, d), are no outliers: (n,).

    Those within `FAR` times the distance from the columns' medians (0 of a sparse matrix) within
    which `MOST` lie, of the rows that are not at them: half of the rows may be equal.
    """
    if isinstance(x, csr_array):
        squares = _squares(x)
    else:
        x = np.asarray(x)
        centre = np.median(x[:: len(x) // MEDIAN_SAMPLE + 1], axis=0)
        squares = np.empty(len(x))
        for start in range(0, len(x), chunk := max(1, NUMBERS_AT_ONCE // x.shape[1])):
            apart = x[start : start + chunk] - centre.astype(np.float64)
            squares[start : start + chunk] = np.einsum("nd,nd->n", apart, apart)
    above_zero = squares[squares > 0]
    return squares <= FAR**2 * np.quantile(above_zero, MOST) if above_zero.size else squares == 0


def drawn_in(z: Tensor, reach: float) -> Tensor:
    """Draw rows of z, shape (m, d), that are longer than `reach` towards it.

    Length r becomes reach (1 + ln(r / reach)): outliers keep their directions and their order.
    """
    length = z.norm(dim=1, keepdim=True)
    beyond = (length / reach).clamp_min(1)
    return torch.where(beyond > 1, z * ((1 + beyond.log()) / beyond), z)


class Points:
    """The rows of a matrix as tensors on a device.

    A dense matrix moves to the device once, unless it takes more than half of the GPU's free
    memory. Else only the rows that are asked for move; of a sparse one they become dense.

    Parameters
    ----------
    x : ndarray or csr_array of shape (n, d)
    device : torch.device
    """

    def __init__(self, x: Matrix, device: torch.device) -> None:
        self._x = x if isinstance(x, csr_array) else torch.from_numpy(np.asarray(x))
        if isinstance(self._x, Tensor) and _fits(self._x, device):
            self._x = self._x.to(device)
        self.device = device
        self.shape: tuple[int, int] = tuple(x.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Tensor) -> Tensor:
        """Return the rows with these indices, float32 of shape (m, d)."""
        if isinstance(self._x, Tensor):
            return self._x[rows.to(self._x.device)].to(self.device)
        return torch.from_numpy(dense_rows(self._x, rows.cpu().numpy())).to(self.device)


def _fits(x: Tensor, device: torch.device) -> bool:
    return device.type != "cuda" or x.nbytes <= torch.cuda.mem_get_info(device)[0] / 2


def as_rows(x: Any, image_shape: Sequence[int] | None) -> Any:
    """Make an array of a Tensor, and rows of images of the given shape; leave the rest as it is."""
    if isinstance(x, Tensor):
        x = x.detach().cpu().to_dense()
        x = (x.float() if x.dtype == torch.bfloat16 else x).numpy()  # which NumPy has not
    if image_shape is not None and getattr(x, "ndim", 2) == 3 and x.shape[1:] == tuple(image_shape):
        return np.reshape(x, (len(x), -1))
    return x


def as_features(x: Matrix, n_features: int) -> Matrix:
    """Return features, shape (n, d), as a model takes them.

    Anything that NumPy makes an array of, or a sparse matrix.

    Raises
    ------
    DataError
        If they are no matrix of `n_features` columns.
    """
    x = as_csr(x) if issparse(x) else np.asarray(x)
    if x.ndim != 2 or x.shape[1] != n_features:
        raise DataError(f"features of shape {x.shape}: the model takes (n, {n_features})")
    return x


def of_one_length(x: csr_array) -> bool:
    """Say whether the rows of x, shape (n, d), have one length; empty ones do not count."""
    lengths = np.sqrt(_squares(x))
    lengths = lengths[lengths > 0]
    return lengths.size > 0 and bool(np.ptp(lengths) <= ALIKE * lengths.max())


def _squares(x: csr_array) -> NDArray[np.float64]:
    """Return the squared length of each row, shape (n,)."""
    return np.asarray(x.multiply(x).sum(axis=1), dtype=np.float64).ravel()


def directions_of(x: NDArray[np.floating] | csr_array) -> Matrix:
    """Scale each row of x, shape (n, d), to length sqrt(d); rows of zeros stay."""
    if x.shape[0] == 0:  # scikit-learn refuses
        return x.astype(np.float32)
    unit = normalize(x.astype(np.float64)) * np.sqrt(x.shape[1])
    return csr_array(unit, dtype=np.float32) if issparse(unit) else unit.astype(np.float32)
