"""Equal rows: neighbours are searched among the distinct ones, and edges dealt out to all."""

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from spectralnet.graph.neighbours import Neighbours, nearest_neighbours
from spectralnet.matrices import Matrix, row_blocks, row_hashes

SPREAD = 2**31 - 1  # a prime, that spreads the edges of neighbouring rows
SIBLINGS = 10  # that each row is connected to, both ways, among those that equal it


class Distinct(NamedTuple):
    """Which of n rows are equal: m of them are distinct."""

    first: NDArray[np.int64]  # (m,), the row in which each comes first, ascending
    of: NDArray[np.int64]  # (n,), which of the m each row is

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each distinct row comes: (m,)."""
        return np.bincount(self.of, minlength=len(self.first))


def distinct_rows(x: Matrix) -> Distinct:
    """Find the distinct rows of x, shape (n, d), in the order in which they come.

    They are told apart by 64 bits: among 10^6 rows two that differ are taken for equal with a
    chance of 3e-8.
    """
    _, first, of = np.unique(row_hashes(x), return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return Distinct(first[order], rank[of])


def nearest_distinct(
    x: Matrix,
    n_neighbours: int,
    search: Literal["auto", "exact", "approximate"],
    seed: int,
    recall: float = 0.95,
) -> tuple[Neighbours, Distinct]:
    """Find the nearest neighbours of each distinct row among the other distinct rows.

    All others, where they are fewer than `n_neighbours`: the copies of a row would crowd them
    out, and cut the graph to pieces. See `spectralnet.graph.neighbours.nearest_neighbours`.
    """
    n, distinct = x.shape[0], distinct_rows(x)
    m = len(distinct.first)
    if m in (1, n):  # nothing to tell apart, or nothing to join
        distinct = Distinct(np.arange(n), np.arange(n))
        return nearest_neighbours(x, n_neighbours, search, seed, recall), distinct
    k = min(n_neighbours, m - 1)
    return nearest_neighbours(x[distinct.first], k, search, seed, recall), distinct


def describe_neighbours(neighbours: Neighbours, distinct: Distinct) -> dict[str, Any]:
    """Count the points with a duplicate, and say how neighbours were searched, and how well."""
    repeated = (distinct.counts > 1) | (neighbours.distances[:, 0] == 0)
    return {
        "duplicates": int(distinct.counts[repeated].sum()),
        "search": neighbours.search,
        "recall": neighbours.recall,
    }


def deal_out(directed: csr_array, distinct: Distinct, seed: int) -> csr_array:
    """Expand a directed graph of distinct rows to all rows, in O(nk) edges.

    An edge of weight w from u to v, which come p and q times, becomes p edges, one from each
    copy of u, that together weigh w min(p, q): a row that comes once binds two that come often
    no more than that. The copies of u are connected through so many steps around a circle, each
    copy as strongly as u is to all others. So they are one component, and the components of the
    graph stay as they were; where each row comes equally often, so do the eigenvectors.

    Parameters
    ----------
    directed : csr_array of shape (m, m)
        W of the distinct rows is the mean of it and its transpose.
    distinct : Distinct
    seed : int
        Of which copies are connected.

    Returns
    -------
    csr_array of shape (n, n)
    """
    n, counts = len(distinct.of), distinct.counts
    if len(counts) == n:
        return directed
    start = np.cumsum(counts) - counts
    # 32 bits where they do: of 64, half of the graph's memory would be zeros.
    members = np.argsort(distinct.of, kind="stable").astype(directed.indices.dtype)
    copy = np.empty(n, dtype=np.int64)  # 0 ... p - 1 among those of its row
    copy[members] = np.arange(n) - np.repeat(start, counts)
    links = directed[distinct.of.astype(members.dtype)]  # (n, m)
    for rows in row_blocks(links):
        own = np.arange(rows.start, rows.stop).repeat(
            np.diff(links.indptr[rows.start : rows.stop + 1])
        )
        place = slice(links.indptr[rows.start], links.indptr[rows.stop])
        to = links.indices[place].astype(np.int64)
        copies, ends = counts[distinct.of[own]], counts[to]  # p and q of each edge
        # Dealt out from a place of its own for each edge, else first copies would get most.
        first = (distinct.of[own] * SPREAD + to) % ends
        links.indices[place] = members[start[to] + (first + copy[own]) % ends]
        links.data[place] *= np.minimum(copies, ends) / copies
    links = csr_array((links.data, links.indices, links.indptr), shape=(n, n))
    return csr_array(links + _siblings(directed, distinct, members, start, seed))


def _siblings(
    directed: csr_array,
    distinct: Distinct,
    members: NDArray[np.integer],
    start: NDArray[np.int64],
    seed: int,
) -> csr_array:
    """Connect the copies of each row, which are members[start], members[start + 1], ..."""
    n, counts, random = len(distinct.of), distinct.counts, np.random.default_rng(seed)
    several = np.flatnonzero(counts[distinct.of[members]] > 1)
    own = distinct.of[members[several]]  # (r,)
    repeated, row = np.unique(own, return_inverse=True)
    steps = random.integers(1, counts[repeated, None], (len(repeated), SIBLINGS))
    steps[:, 0] = 1  # once around the circle
    place = (several - start[own])[:, None] + steps[row]  # (r, SIBLINGS)
    strength = (directed.sum(axis=0) + directed.sum(axis=1)) / 2 / SIBLINGS  # (m,)
    siblings = (
        np.repeat(strength[own], SIBLINGS).astype(directed.dtype),
        (
            np.repeat(members[several], SIBLINGS),
            members[start[own][:, None] + place % counts[own][:, None]].ravel(),
        ),
    )
    return csr_array(coo_array(siblings, shape=(n, n)))
