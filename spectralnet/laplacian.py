"""The eigenspace of a graph Laplacian: exactly, and as a net's outputs span it."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from spectralnet.affinity import degrees
from spectralnet.errors import TrainingError
from spectralnet.orthonormal import LEAST_SINE
from spectralnet.progress import progress_bar

Array = NDArray[np.float64]


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
            return eigsh(counted, k=k, which="LA", v0=start, rng=generator)
        except ArpackNoConvergence as error:
            raise TrainingError(
                f"the exact eigenvectors of this graph cannot be had: {error}. Raise "
                "graph.n_neighbours, or lower spectralnet.n_components"
            ) from error


def rayleigh_ritz(
    y: NDArray[np.floating],
    graph: csr_array,
    normalised: bool = True,
    n_components: int | None = None,
) -> tuple[Array, Array]:
    """Combine what a net makes of the nodes into the best approximations of eigenvectors.

    The Ritz pairs solve (Y^T L Y) v = lambda (Y^T B Y) v, B = D / mean(D) if `normalised`
    and I otherwise, so that Y V has mean square 1 in the metric of B.

    Parameters
    ----------
    y : ndarray of shape (n, m)
        Of every node: columns whose span holds something near the eigenvectors.
    graph : csr_array of shape (n, n)
    normalised : bool, default=True
    n_components : int, optional
        How many pairs are wanted, c; by default m.

    Returns
    -------
    rotation : ndarray of shape (m, c)
        V: the columns of ``y @ rotation`` approximate the eigenvectors. No others in the span
        of `y` have a smaller sum of Rayleigh quotients.
    eigenvalues : ndarray of shape (c,)
        The Rayleigh quotients of those columns, ascending. They are never below the
        exact eigenvalues.

    Raises
    ------
    TrainingError
        If the columns of `y` span fewer than c dimensions.
    """
    c = n_components or y.shape[1]
    y = y.astype(np.float64)
    degree = degrees(graph)
    mass = degree / degree.mean() if normalised else np.ones(len(y))
    energy = y.T @ (degree[:, None] * y - graph @ y)  # (m, m)
    moment = y.T @ (mass[:, None] * y) / len(y)  # (m, m)
    squares, directions = eigh(moment)
    kept = squares > LEAST_SINE**2 * squares[-1]
    if np.count_nonzero(kept) < c:
        raise TrainingError(
            f"the {c} outputs span fewer dimensions: train longer, or with fewer "
            "spectralnet.n_components"
        )
    basis = directions[:, kept] / np.sqrt(squares[kept])  # (m, rank): y @ basis is orthonormal
    restricted = basis.T @ energy @ basis / len(y)
    values, rotation = eigh((restricted + restricted.T) / 2, subset_by_index=[0, c - 1])
    rotation = basis @ rotation  # (m, c)
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
