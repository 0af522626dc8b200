"""The exact eigenvectors of a graph Laplacian, by ARPACK."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse import csr_array, diags_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from spectralnet.errors import TrainingError
from spectralnet.graph.affinity import degrees
from spectralnet.progress import progress_bar
from spectralnet.spectral.laplacian import signs

Array = NDArray[np.float64]

RESTARTS = 2000  # of ARPACK: where these do not do, more go on for hours
DENSE = 300  # points of a piece up to which LAPACK is quicker


def exact_eigenvectors(
    graph: csr_array,
    n_components: int,
    normalised: bool = True,
    seed: int = 0,
    most_work: float = np.inf,
) -> tuple[Array, Array]:
    """Compute the first eigenvectors of a graph Laplacian, piece by piece, by ARPACK.

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
    most_work : float, default=inf
        Multiply-adds after which ARPACK is stopped, for all pieces of the graph together.

    Returns
    -------
    eigenvectors : ndarray of shape (n, c)
        With mean square 1 (weighted by degree if `normalised`).
    eigenvalues : ndarray of shape (c,)
        Ascending.

    Raises
    ------
    TrainingError
        If ARPACK does not converge, or not within `most_work`.
    """
    n = graph.shape[0]
    n_pieces, piece = connected_components(graph, directed=False)
    mass = degrees(graph) if normalised else np.ones(n)
    if n_pieces >= n_components:
        u = _constant_on_pieces(piece, mass, n_components, seed)
        return u * signs(u), np.zeros(n_components)
    # Each piece is constant on one eigenvector of eigenvalue 0. ARPACK, which cannot tell
    # eigenvectors of one eigenvalue apart, would look for those last and longest.
    u, values, budget = np.zeros((n, 0)), np.zeros(0), _Budget(most_work)
    for i in range(n_pieces):
        members = np.flatnonzero(piece == i)
        part = csr_array(graph[members][:, members])
        vectors, found = _of_one_piece(part, n_components, normalised, seed, budget)
        inside = np.zeros((n, len(found)))
        inside[members] = vectors
        u, values = np.hstack([u, inside]), np.concatenate([values, found])
        first = np.argsort(values, kind="stable")[:n_components]
        u, values = u[:, first], values[first]
    u *= np.sqrt(mass.sum() / (mass @ u**2))
    return u * signs(u), values


def _constant_on_pieces(piece: NDArray[np.int32], mass: Array, c: int, seed: int) -> Array:
    """Return c eigenvectors of eigenvalue 0 that give each piece a place of its own: (n, c).

    There are more pieces than c, and any c orthonormal mixtures of their indicators will do.
    """
    sizes = np.bincount(piece, weights=mass)
    random = np.random.default_rng(seed).normal(size=(len(sizes), c))
    random[:, 0] = np.sqrt(sizes)  # the constant eigenvector
    mixed = np.linalg.qr(random)[0]  # (pieces, c)
    return (mixed / np.sqrt(sizes)[:, None])[piece] * np.sqrt(mass.sum())


def _of_one_piece(
    graph: csr_array, n_components: int, normalised: bool, seed: int, budget: "_Budget"
) -> tuple[Array, Array]:
    """Return the first eigenvectors of a connected graph, (n, c), n at most, and eigenvalues."""
    n, degree = graph.shape[0], degrees(graph)
    if n <= max(DENSE, n_components):
        budget.spend(n**3)
        mass = np.diag(degree) if normalised else None
        laplacian = np.diag(degree) - graph.toarray()
        values, u = eigh(laplacian, mass, subset_by_index=[0, min(n_components, n) - 1])
        return u, np.maximum(values, 0)
    if normalised:
        # I - D^-1/2 L D^-1/2 has the same eigenvectors with its largest eigenvalues,
        # where ARPACK converges without a factorisation.
        inverse_root = diags_array(1 / np.sqrt(degree))
        matrix = csr_array(inverse_root @ graph @ inverse_root)
        values, vectors = _largest_pairs(matrix, n_components, seed, budget)
        eigenvalues, u = 1 - values, vectors / np.sqrt(degree)[:, None]
    else:
        shift = 2 * degree.max()  # above the largest eigenvalue of L, by Gershgorin's circles
        flipped = csr_array(diags_array(shift - degree) + graph)
        values, u = _largest_pairs(flipped, n_components, seed, budget)
        eigenvalues = shift - values
    order = np.argsort(eigenvalues)
    return u[:, order], eigenvalues[order]


class _Budget:
    """Multiply-adds that are left."""

    def __init__(self, most: float) -> None:
        self.most, self.spent = most, 0

    def spend(self, work: int) -> None:
        self.spent += work
        if self.spent > self.most:
            raise TrainingError(
                f"the exact eigenvectors of this graph take more than {self.most:.0e} multiply-adds"
            )


def _largest_pairs(matrix: csr_array, k: int, seed: int, budget: _Budget) -> tuple[Array, Array]:
    generator = np.random.default_rng(seed)
    start = generator.uniform(-1, 1, matrix.shape[0])
    # A product, and its share of making the new vector orthogonal to some 2 k others.
    work = matrix.nnz + 4 * k * matrix.shape[0]
    with progress_bar("products for eigenvectors", delay=2) as progress:

        def product(vector: Array) -> Array:
            progress.update()
            budget.spend(work)
            return matrix @ vector

        counted = LinearOperator(matrix.shape, product, dtype=matrix.dtype)
        try:
            return eigsh(counted, k=k, which="LA", v0=start, rng=generator, maxiter=RESTARTS)
        except ArpackNoConvergence as error:
            raise TrainingError(
                f"the exact eigenvectors of this graph cannot be had: {error}. Raise "
                "graph.n_neighbours, or lower spectralnet.n_components"
            ) from error
