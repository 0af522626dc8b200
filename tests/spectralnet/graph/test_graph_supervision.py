import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import eigsh

from spectralnet.errors import DataError
from spectralnet.graph.affinity import degrees
from spectralnet.graph.supervision import (
    LINKS,
    NO_PAIRS,
    Supervision,
    as_pairs,
    groups_of,
    with_supervision,
)


def told(n, labels=(), must_link=NO_PAIRS, cannot_link=NO_PAIRS):
    known = np.full(n, -1)
    for row, label in labels:
        known[row] = label
    return Supervision(known, np.array(must_link), np.array(cannot_link))


def test_known_labels_overrule_the_graph(blobs, blob_graph):
    truth = np.repeat([0, 1, 2], 60)
    known = np.arange(180) % 9 == 0
    graph = with_supervision(blob_graph, Supervision(np.where(known, truth, -1)), seed=0).toarray()
    both = known[:, None] & known[None]
    same = truth[:, None] == truth[None]
    np.testing.assert_array_equal(graph[~both], blob_graph.toarray()[~both])
    assert (graph[both & ~same] == 0).all()
    off_diagonal = ~np.eye(180, dtype=bool)
    assert (graph[both & same & off_diagonal] > 0).all()
    np.testing.assert_allclose((graph * both)[known].sum(axis=1), degrees(blob_graph).mean())
    np.testing.assert_array_equal(graph, graph.T)
    unlabelled = with_supervision(blob_graph, told(180), seed=0)
    np.testing.assert_array_equal(unlabelled.toarray(), blob_graph.toarray())


def test_all_pairs_of_labelled_points_say_what_the_labels_say(blob_graph):
    labels = [(row, row // 60) for row in range(0, 180, 9)]
    pairs = [(a, b, one == other) for a, one in labels for b, other in labels if a < b]
    by_pairs = told(
        180,
        must_link=[(a, b) for a, b, same in pairs if same],
        cannot_link=[(a, b) for a, b, same in pairs if not same],
    )
    np.testing.assert_array_equal(by_pairs.told, told(180, labels).told)
    expected, graph = (
        with_supervision(blob_graph, t, seed=0).toarray() for t in (told(180, labels), by_pairs)
    )
    np.testing.assert_array_equal(graph, expected)


def test_what_follows_from_pairs_is_told_too():
    """0-1-2 belong together; what is apart from 2 is apart from 0, and has its group's friends."""
    complete = csr_array(np.ones((7, 7)) - np.eye(7))
    pairs = told(7, must_link=[(0, 1), (1, 2), (3, 4)], cannot_link=[(2, 3)])
    graph = with_supervision(complete, pairs, seed=0).toarray()
    expected = complete.toarray()
    expected[:3, 3:5] = expected[3:5, :3] = 0
    expected[:3, :3] = 3 * (1 - np.eye(3))  # the mean degree, 6, on two edges
    expected[3:5, 3:5] = 6 * (1 - np.eye(2))
    np.testing.assert_array_equal(graph, expected)


def test_a_label_reaches_through_pairs():
    groups = groups_of(told(5, [(0, 4), (3, 2)], must_link=[(0, 1)]))
    assert groups.of[0] == groups.of[1] != groups.of[3]
    assert groups.of[2] == groups.of[4] == -1
    assert groups.are_apart(groups.of[[1]], groups.of[[3]]).all()


@pytest.mark.parametrize(
    ("supervision", "message"),
    [
        (told(5, [(0, 1), (2, 3)], must_link=[(0, 4), (4, 2)]), "rows 0 and 2, if by others"),
        (told(5, must_link=[(0, 4), (4, 2)], cannot_link=[(0, 1), (2, 0)]), "rows 2 and 0 apart"),
        (told(5, [(0, 1), (2, 1)], cannot_link=[(0, 2)]), "rows 0 and 2 apart"),
        (told(5, cannot_link=[(3, 3)]), "rows 3 and 3 apart"),
    ],
)
def test_contradictions_are_named(supervision, message):
    with pytest.raises(DataError, match=message):
        groups_of(supervision)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([[0, 1], [2, 5]], r"must_link\[1\] = \[2, 5\]: rows are from 0 to 4"),
        ([[-1, 1]], "rows are from 0 to 4"),
        ([[0, 1, 2]], r"shape \(1, 3\)"),
        ([[0.0, 1.0]], "type float64"),
    ],
)
def test_what_are_no_pairs_of_rows_is_refused(pairs, message):
    with pytest.raises(DataError, match=message):
        as_pairs(pairs, 5, "must_link")


def test_a_known_label_among_others_leaves_no_edges():
    ring = csr_array(np.roll(np.eye(5), 1, axis=1) + np.roll(np.eye(5), -1, axis=1))
    with pytest.raises(DataError, match="1 points, the first in row 2, have only neighbours"):
        with_supervision(ring, told(5, [(1, 0), (2, 1), (3, 0)]), seed=0)


@pytest.mark.parametrize("seed", range(3))
def test_many_known_labels_make_few_edges_that_hold_a_class_together(seed):
    n = 2000
    ring = csr_array(np.roll(np.eye(n), 1, axis=1))
    graph = with_supervision(ring + ring.T, Supervision(np.arange(n) % 2), seed)
    assert (np.diff(graph.indptr) == LINKS).all()
    np.testing.assert_allclose(degrees(graph), 2)
    assert (graph != graph.T).nnz == 0
    assert connected_components(graph)[0] == 2
    of_one = csr_array(graph[::2][:, ::2]) / 2  # of its random walk
    second = eigsh(of_one, 2, which="LA", return_eigenvectors=False)[0]
    assert second < 0.9  # a ring of 20 neighbours has .9999
    assert all(graph[i, i + 2] > 0 for i in range(n - 2))  # the next of the class
