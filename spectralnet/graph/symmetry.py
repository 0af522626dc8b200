"""From directed edges to a symmetric graph, and its connected components."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from spectralnet.matrices import blocks, row_blocks

PARTS_TURNED = 8  # in which a large W is transposed, each by a look at all of it
ROWS_TURNED = 2**17


def symmetrised(directed: csr_array) -> csr_array:
    """Return (W + W^T) / 2, made a block of rows at a time."""
    n, most = directed.shape[0], 2 * directed.nnz
    # Memory that is not written to is none: no second copy of the blocks, to join them.
    data, indices = np.empty(most, directed.dtype), np.empty(most, directed.indices.dtype)
    indptr = np.zeros(n + 1, np.int64 if most > np.iinfo(np.int32).max else directed.indptr.dtype)
    filled = 0
    for turned_rows in blocks(n, max(ROWS_TURNED, -(-n // PARTS_TURNED))):
        turned = csr_array(directed[:, turned_rows].T)  # (m, n)
        for rows in row_blocks(turned):
            own = slice(turned_rows.start + rows.start, turned_rows.start + rows.stop)
            part = csr_array((directed[own] + turned[rows]) / 2)
            part.sort_indices()
            place = slice(filled, filled + part.nnz)
            data[place], indices[place] = part.data, part.indices
            indptr[own.start + 1 : own.stop + 1] = filled + part.indptr[1:]
            filled += part.nnz
    return csr_array((data[:filled], indices[:filled], indptr), shape=(n, n))


def component_sizes(graph: csr_array) -> NDArray[np.int64]:
    """Count the points of each connected component of a symmetric graph."""
    # Those of a symmetric graph are strongly connected, which SciPy finds without a transpose;
    # it would copy weights as float64.
    ones = np.broadcast_to(np.float64(1), graph.nnz)
    pattern = csr_array((ones, graph.indices, graph.indptr), shape=graph.shape)
    return np.bincount(connected_components(pattern, connection="strong")[1])
