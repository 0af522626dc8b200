"""What is told of some points: labels, pairs that belong together or apart; and the graph then."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from spectralnet.artifacts import load_array, save_array
from spectralnet.errors import DataError

NO_PAIRS = np.empty((0, 2), dtype=np.int64)
LINKS = 20  # of a point to others that it is told to belong with


class Supervision(NamedTuple):
    """What is told of n points."""

    known_labels: NDArray[np.int64]  # (n,), -1 where there is none
    must_link: NDArray[np.int64] = NO_PAIRS  # (p, 2), rows that belong together
    cannot_link: NDArray[np.int64] = NO_PAIRS  # (q, 2), rows that belong apart

    @property
    def told(self) -> NDArray[np.bool_]:
        """Of which points something is told: (n,)."""
        told = self.known_labels >= 0
        told[np.concatenate([self.must_link, self.cannot_link]).ravel()] = True
        return told

    @property
    def n_labels(self) -> int:
        """How many different labels are known."""
        return len(np.unique(self.known_labels[self.known_labels >= 0]))

    def save(self, folder: Path) -> None:
        """Write an array each into a folder, and which points are `told`, for scores."""
        for name, array in (self._asdict() | {"told": self.told}).items():
            save_array(folder / f"{name}.npy", array)

    @classmethod
    def load(cls, folder: Path) -> Supervision:
        """Read what `save` wrote."""
        return cls(*(load_array(folder / f"{name}.npy") for name in cls._fields))


def as_pairs(pairs: Any, n: int, name: str) -> NDArray[np.int64]:
    """Check pairs of rows, (p, 2), of n points; None is no pair.

    A `DataError` by the `name` if they have another shape, are no whole numbers, or no rows.
    """
    found = NO_PAIRS if pairs is None else np.asarray(pairs)
    if found.size == 0:
        return NO_PAIRS
    if found.ndim != 2 or found.shape[1] != 2 or found.dtype.kind not in "iu":
        raise DataError(
            f"{name} has shape {found.shape} and type {found.dtype}: give pairs of row numbers, "
            "(p, 2)"
        )
    wrong = np.flatnonzero(((found < 0) | (found >= n)).any(axis=1))
    if wrong.size:
        raise DataError(
            f"{name}[{wrong[0]}] = {found[wrong[0]].tolist()}: rows are from 0 to {n - 1}"
        )
    return found.astype(np.int64)


class Groups(NamedTuple):
    """Points that belong together: all that follows from what is told, and no more."""

    of: NDArray[np.int64]  # (n,), -1 for points of which nothing is told
    label: NDArray[np.int64]  # (g,), -1 where there is none
    apart: NDArray[np.int64]  # groups a and b that are told apart, as a g + b, both ways

    def are_apart(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say which groups a, shape (m,), belong apart from b, shape (m,)."""
        one, other = self.label[a], self.label[b]
        known = (one >= 0) & (other >= 0) & (one != other)
        return known | np.isin(a * len(self.label) + b, self.apart)


def groups_of(supervision: Supervision) -> Groups:
    """Join what is told to belong together: the transitive closure of labels and pairs.

    Raises
    ------
    DataError
        If points that belong together are told apart, by labels or a pair.
    """
    labels, together, apart = supervision
    n, known = len(labels), np.flatnonzero(labels >= 0)
    n_labels = int(labels.max(initial=-1)) + 1
    # Labels are nodes that come first, so that their groups do, in their order.
    row = np.concatenate([labels[known], n_labels + together[:, 0]])
    column = np.concatenate([n_labels + known, n_labels + together[:, 1]])
    links = coo_array((np.ones(len(row)), (row, column)), shape=(n_labels + n,) * 2)
    component = connected_components(links, directed=False)[1]
    found, of = np.unique(component[n_labels:][supervision.told], return_inverse=True)
    groups = np.full(n, -1)
    groups[supervision.told] = of
    label = np.full(len(found), -1)
    label[groups[known]] = labels[known]
    if (wrong := np.flatnonzero(label[groups[known]] != labels[known])).size:
        row = known[wrong[0]]
        other = known[(groups[known] == groups[row]) & (labels[known] != labels[row])][0]
        raise DataError(
            f"must_link joins rows {row} and {other}, if by others, whose known labels differ: "
            "correct a label or a pair"
        )
    ends = groups[apart]  # (q, 2)
    if (wrong := np.flatnonzero(ends[:, 0] == ends[:, 1])).size:
        a, b = apart[wrong[0]]
        raise DataError(
            f"cannot_link tells rows {a} and {b} apart, which belong together by must_link or by "
            "their labels: correct one of them"
        )
    both = np.concatenate([ends, ends[:, ::-1]])
    return Groups(groups, label, np.unique(both[:, 0] * len(found) + both[:, 1]))


def with_supervision(graph: csr_array, supervision: Supervision, seed: int) -> csr_array:
    """Let what is told overrule a graph: connect what belongs together, cut others apart.

    Each point that belongs with others is connected to these, or to some of them where they are
    more than `LINKS`, with weights that together are the mean degree of the graph. (The reference
    code connects all of a class, each edge with weight 1, on a graph whose own weights are at most
    1.) Edges between points that belong apart are removed.

    Parameters
    ----------
    graph : csr_array of shape (n, n)
    supervision : Supervision
    seed : int

    Returns
    -------
    csr_array of shape (n, n)

    Raises
    ------
    DataError
        If what is told contradicts itself, or a point is left without edges.

    References
    ----------
    Shaham et al., SpectralNet, ICLR 2018, section 5.1 (labels); Wagstaff et al., Constrained
    k-means clustering with background knowledge, ICML 2001 (pairs).
    """
    if not supervision.told.any():
        return graph
    groups = groups_of(supervision)
    edges = graph.tocoo()
    a, b = groups.of[edges.row], groups.of[edges.col]
    keep = (a < 0) | (b < 0)
    keep[~keep] = (a[~keep] != b[~keep]) & ~groups.are_apart(a[~keep], b[~keep])
    parts = [(edges.row[keep], edges.col[keep], edges.data[keep])]
    mean_degree, random = graph.sum() / graph.shape[0], np.random.default_rng(seed)
    sizes = np.bincount(groups.of[groups.of >= 0], minlength=len(groups.label))
    order = np.argsort(groups.of, kind="stable")[np.count_nonzero(groups.of < 0) :]
    for members in np.split(order, np.cumsum(sizes)[:-1]):
        others = _others_of_a_group(members, random)  # (m, l)
        row, weight = np.repeat(members, others.shape[1]), mean_degree / max(others.shape[1], 1)
        parts.append((row, others.ravel(), np.full(others.size, weight)))
    row, column, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
    told = csr_array((weights, (row, column)), shape=graph.shape)
    alone = np.flatnonzero(np.diff(told.indptr) == 0)
    if alone.size:
        raise DataError(
            f"{alone.size} points, the first in row {alone[0]}, have only neighbours that are told "
            "apart from them: raise the number of neighbours, or tell less"
        )
    return told


def _others_of_a_group(members: NDArray[np.intp], random: np.random.Generator) -> NDArray[np.intp]:
    """Return whom each of m members is connected to, both ways: (m, m - 1) at most.

    Of many, those that so many steps around a circle of all members lead to: one step, which
    makes the group one component, and others, drawn at random, which leave it no bottleneck.
    """
    m = len(members)
    steps = np.arange(1, m)
    if m - 1 > LINKS:
        longer = random.choice(np.arange(2, (m + 1) // 2), LINKS // 2 - 1, replace=False)
        there = np.concatenate([[1], longer])
        steps = np.concatenate([there, m - there])
    return members[(np.arange(m)[:, None] + steps) % m]
