"""The eigenspace of a graph Laplacian: exactly, and as a net's outputs span it."""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse import csr_array, diags_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from spectralnet.errors import TrainingError
from spectralnet.graph.affinity import degrees
from spectralnet.progress import progress_bar
from spectralnet.spectral.orthonormal import LEAST_SINE

Array = NDArray[np.float64]

RESTARTS = 2000  # of ARPACK: where these do not do, more go on for hours


def exact_eigenvectors(
    graph: csr_array, n_components: int, normalised: bool = True, seed: int = 0
) -> tuple[Array, Array]:
    """Compute the first eigenvectors of a graph Laplacian by ARPACK.

    They solve L u = lambda D u, or L u = lambda u if not `normalised`, with L = D - W.

    Parameters
    ----------
    graph : csr_array of shape (n, n)
        Symmetric affinities W.
    n_components : int
        c, below n; the constant eigenvector counts.
    normalised : bool, default=True
    seed : int, default=0
        Of ARPACK's starting vectors.

    Returns
    -------
    eigenvectors : ndarray of shape (n, c)
        With mean square 1 (weighted by degree if `normalised`).
    eigenvalues : ndarray of shape (c,)
        Ascending.

    Raises
    ------
    TrainingError
        If ARPACK does not converge.
    """
    n = graph.shape[0]
    degree = degrees(graph)
    if normalised:
        # I - D^-1/2 L D^-1/2 has the same eigenvectors with its largest eigenvalues,
        # where ARPACK converges without a factorisation.
        inverse_root = diags_array(1 / np.sqrt(degree))
        values, vectors = _largest_pairs(inverse_root @ graph @ inverse_root, n_components, seed)
        eigenvalues, u = 1 - values, vectors * np.sqrt(degree.sum() / degree)[:, None]
    else:
        shift = 2 * degree.max()  # above the largest eigenvalue of L, by Gershgorin's circles
        flipped = diags_array(shift - degree) + graph
        values, vectors = _largest_pairs(flipped, n_components, seed)
        eigenvalues, u = shift - values, vectors * np.sqrt(n)
    order = np.argsort(eigenvalues)
    u = u[:, order]
    return u * _signs(u), eigenvalues[order]


def _largest_pairs(matrix: csr_array, k: int, seed: int) -> tuple[Array, Array]:
    generator = np.random.default_rng(seed)
    start = generator.uniform(-1, 1, matrix.shape[0])
    with progress_bar("products for eigenvectors", delay=2) as progress:

        def product(vector: Array) -> Array:
            progress.update()
            return matrix @ vector

        counted = LinearOperator(matrix.shape, product, dtype=matrix.dtype)
        try:
            # The generator seeds restarts, which a disconnected graph asks for.
            return eigsh(counted, k=k, which="LA", v0=start, rng=generator, maxiter=RESTARTS)
        except ArpackNoConvergence as error:
            raise TrainingError(
                f"the exact eigenvectors of this graph cannot be had: {error}. Raise "
                "graph.n_neighbours, or lower spectralnet.n_components"
            ) from error


def warn_of_components(graph: csr_array, n_eigenvectors: int, n_clusters: int) -> None:
    """Warn where so many eigenvectors tell no more than some connected components apart."""
    found, _ = connected_components(graph, directed=False)
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
    y = y.astype(np.float64)
    degree = degrees(graph)
    mass = degree / degree.mean() if normalised else np.ones(len(y))
    energy = y.T @ (degree[:, None] * y - graph @ y)  # (c, c)
    moment = y.T @ (mass[:, None] * y)  # (c, c)
    _, sizes, axes = np.linalg.svd(y * np.sqrt(mass)[:, None], full_matrices=False)
    rank, c = np.count_nonzero(sizes > LEAST_SINE * sizes[0]), y.shape[1]
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
    rotation *= _signs(y @ rotation)
    return rotation, values / degree.mean() if normalised else values


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


def _signs(u: Array) -> Array:
    """Signs that make each column's entry of largest magnitude positive: (c,)."""
    largest = np.abs(u).argmax(axis=0)
    return np.where(u[largest, np.arange(u.shape[1])] < 0, -1.0, 1.0)
