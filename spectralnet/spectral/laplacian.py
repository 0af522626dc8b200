"""The eigenspace of a graph Laplacian as a net's outputs span it, and how near it is."""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse import csr_array

from spectralnet.errors import TrainingError
from spectralnet.graph.affinity import degrees
from spectralnet.graph.symmetry import component_sizes
from spectralnet.matrices import blocks
from spectralnet.spectral.orthonormal import LEAST_SINE

Array = NDArray[np.float64]
ROWS_AT_ONCE = 2**17


def warn_of_components(graph: csr_array, n_eigenvectors: int, n_clusters: int) -> None:
    """Warn where so many eigenvectors tell no more than some connected components apart."""
    found = len(component_sizes(graph))
    if found >= n_eigenvectors and found not in (1, n_clusters):
        warnings.warn(
            f"with {found} connected components, the first {n_eigenvectors} eigenvectors only tell "
            "some components apart: raise graph.n_neighbours",
            stacklevel=3,
        )


def rayleigh_ritz(
    y: NDArray[np.floating], graph: csr_array, normalised: bool = True
) -> tuple[Array, Array]:
    """Rotate outputs that span an eigenspace to its eigenvectors.

    The Ritz pairs solve (Y^T L Y) v = lambda (Y^T B Y) v, B = D / mean(D) if `normalised`
    and I otherwise, so that Y V has mean square 1 in the metric of B.

    Parameters
    ----------
    y : ndarray of shape (n, c)
        Outputs of a net for every node.
    graph : csr_array of shape (n, n)
    normalised : bool, default=True

    Returns
    -------
    rotation : ndarray of shape (c, r)
        V: the columns of ``y @ rotation`` approximate the eigenvectors. r is c, or the number
        of dimensions that `y` spans, if that is less.
    eigenvalues : ndarray of shape (r,)
        The Rayleigh quotients of those columns, ascending. They are never below the
        exact eigenvalues.

    Raises
    ------
    TrainingError
        If all rows of `y` are alike up to a factor.
    """
    y, degree, c = y.astype(np.float64), degrees(graph), y.shape[1]
    mass = degree / degree.mean() if normalised else np.ones(len(y))
    energy, moment, triangles = np.zeros((c, c)), np.zeros((c, c)), []
    for rows in blocks(len(y), ROWS_AT_ONCE):
        own = y[rows]  # (m, c)
        energy += own.T @ (degree[rows, None] * own - graph[rows] @ y)
        moment += own.T @ (mass[rows, None] * own)
        triangles.append(np.linalg.qr(own * np.sqrt(mass[rows])[:, None], mode="r"))
    weighted = np.concatenate(triangles)  # with the singular values of all weighted rows
    _, sizes, axes = np.linalg.svd(weighted, full_matrices=False)
    rank = np.count_nonzero(sizes > LEAST_SINE * sizes[0])
    if rank < min(2, c):
        raise TrainingError(
            "the net maps all points to one: is a column or a row of its input far larger than "
            "the others? Scale the columns, or remove it; or train longer"
        )
    if rank < c:
        basis = axes[:rank].T / sizes[:rank]  # (c, rank), of the dimensions that there are
        values, rotation = eigh(basis.T @ (energy + energy.T) @ basis / 2, basis.T @ moment @ basis)
        rotation = basis @ rotation
    else:
        values, rotation = eigh((energy + energy.T) / 2, moment)
    rotation *= np.sqrt(len(y))
    rotation *= _signs_of_all(y, rotation)
    return rotation, values / degree.mean() if normalised else values


def ritz_residuals(
    u: NDArray[np.floating],
    eigenvalues: NDArray[np.floating],
    graph: csr_array,
    normalised: bool = True,
) -> Array:
    """Measure how far approximate eigenvectors are from being some, without exact ones.

    Parameters
    ----------
    u : ndarray of shape (n, c)
    eigenvalues : ndarray of shape (c,)
    graph : csr_array of shape (n, n)
    normalised : bool, default=True
        See `spectralnet.spectral.exact.exact_eigenvectors`.

    Returns
    -------
    ndarray of shape (c,)
        |B^-1/2 (L u - lambda B u)| / |B^1/2 u|, B = D if `normalised` and I otherwise: within
        that distance of lambda there is an eigenvalue. NaN for a column of zeros.

    References
    ----------
    Parlett, The symmetric eigenvalue problem, SIAM 1998, theorem 4.5.1.
    """
    u, degree, c = u.astype(np.float64), degrees(graph), u.shape[1]
    mass = degree if normalised else np.ones(len(u))
    squares, lengths = np.zeros(c), np.zeros(c)
    for rows in blocks(len(u), ROWS_AT_ONCE):
        own = u[rows]  # (m, c)
        residual = degree[rows, None] * own - graph[rows] @ u - mass[rows, None] * own * eigenvalues
        squares += (1 / mass[rows]) @ residual**2
        lengths += mass[rows] @ own**2
    with np.errstate(invalid="ignore"):
        return np.sqrt(squares) / np.sqrt(lengths)


def _signs_of_all(y: NDArray[np.floating], rotation: Array) -> Array:
    """Return `signs` of ``y @ rotation``."""
    largest = []  # rows of each block, one a column at most
    for rows in blocks(len(y), ROWS_AT_ONCE):
        u = y[rows] @ rotation
        largest.append(u[np.abs(u).argmax(axis=0)])
    return signs(np.concatenate(largest))


def squared_grassmann_distance(
    u: NDArray[np.floating], v: NDArray[np.floating], mass: NDArray[np.floating] | None = None
) -> float:
    """Measure how far apart the column spaces of two matrices are.

    The sum of the squared sines of the principal angles, from 0 (equal) to c.

    Parameters
    ----------
    u, v : ndarray of shape (n, c)
    mass : ndarray of shape (n,), optional
        Weights of the inner product; the degrees, for the normalised Laplacian.

    Returns
    -------
    float

    References
    ----------
    Shaham et al., SpectralNet, ICLR 2018, section 5.2.
    """
    root = np.ones(len(u)) if mass is None else np.sqrt(mass)
    q_u, q_v = (np.linalg.qr(root[:, None] * matrix)[0] for matrix in (u, v))
    cosines = np.linalg.svd(q_u.T @ q_v, compute_uv=False)
    return float(np.sum(np.clip(1 - cosines**2, 0, 1)))


def signs(u: Array) -> Array:
    """Return signs that make each column's entry of largest magnitude positive: (c,)."""
    largest = np.abs(u).argmax(axis=0)
    return np.where(u[largest, np.arange(u.shape[1])] < 0, -1.0, 1.0)
