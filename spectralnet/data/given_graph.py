"""A user's own affinity graph."""

from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from spectralnet.data.files import read_sparse
from spectralnet.errors import DataError

SYMMETRY_TOLERANCE = 1e-6  # of the largest affinity


def read_graph(path: Path, n: int) -> csr_array:
    """Read ``own.precomputed``, as SciPy's ``save_npz`` writes it; see `check_graph`."""
    try:
        graph = read_sparse(path)
    except DataError as error:
        raise DataError(f"own.precomputed: {error}. scipy.sparse.save_npz writes it") from error
    return check_graph(graph, n, f"own.precomputed = {path}")


def check_graph(graph: csr_array, n: int, name: str) -> csr_array:
    """Refuse a matrix that is no affinity graph of n points.

    Parameters
    ----------
    graph : csr_array
    n : int
    name : str
        What the message calls it.

    Returns
    -------
    csr_array of shape (n, n)
        float64, without its diagonal, since no point is its own neighbour; symmetric to the bit,
        as the mean of both ways where rounding has made them differ.

    Raises
    ------
    DataError
        If it has another shape, an entry that is negative, NaN or infinite, is not
        symmetric, or leaves a point without neighbours: the first such place is named.
    """
    if graph.shape != (n, n):
        raise DataError(
            f"{name} has shape {graph.shape}: ({n}, {n}) is needed, a row for each sample that is "
            "kept (empty and repeated texts are not, nor rows of zeros by scaling: directions)"
        )
    edges = graph.astype(np.float64).tocoo()
    bad = np.flatnonzero(~(np.isfinite(edges.data) & (edges.data >= 0)))
    if bad.size:
        row, column, value = (values[bad[0]] for values in (edges.row, edges.col, edges.data))
        raise DataError(
            f"{name} holds {bad.size} entries that are negative, NaN or infinite, the first "
            f"({value}) in row {row}, column {column}: affinities are 0 or more"
        )
    keep = (edges.row != edges.col) & (edges.data > 0)
    whole = csr_array((edges.data[keep], (edges.row[keep], edges.col[keep])), shape=(n, n))
    asymmetry = abs(whole - whole.T).tocoo()
    if asymmetry.nnz and asymmetry.data.max() > SYMMETRY_TOLERANCE * whole.data.max():
        at = int(asymmetry.data.argmax())
        row, column = asymmetry.row[at], asymmetry.col[at]
        raise DataError(
            f"{name} is not symmetric: {whole[row, column]} in row {row}, column {column}, but "
            f"{whole[column, row]} the other way round: save (W + W.T) / 2"
        )
    if asymmetry.nnz:
        whole = csr_array((whole + whole.T) / 2)
    alone = np.flatnonzero(np.diff(whole.indptr) == 0)
    if alone.size:
        raise DataError(
            f"{name} leaves {alone.size} points without neighbours, the first in row {alone[0]}: "
            "connect or remove them"
        )
    return whole
