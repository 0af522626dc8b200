import numpy as np
import pytest
import torch

from spectralnet.errors import ParameterError
from spectralnet.graph.affinity import degrees
from spectralnet.graph.edges import split_edges


def test_edges_are_drawn_in_proportion_to_their_weights(blob_graph):
    held_out = np.arange(180) < 30
    touches = held_out[:, None] | held_out[None, :]
    for edges, mask in zip(split_edges(blob_graph, held_out), (~touches, touches), strict=True):
        expected = np.triu(np.where(mask, blob_graph.toarray(), 0))
        ends = edges.draw(400_000, torch.Generator().manual_seed(0))
        counts = np.zeros_like(expected)
        np.add.at(counts, tuple(np.sort(ends.numpy(), axis=0)), 1)
        assert ((counts > 0) <= (expected > 0)).all()
        np.testing.assert_allclose(counts / counts.sum(), expected / expected.sum(), atol=6e-4)


def test_a_graph_without_edges_to_fit_is_refused(blob_graph):
    with pytest.raises(ParameterError, match=r"each of \d+ edges touches a held-out point"):
        split_edges(blob_graph, np.ones(180, dtype=bool))


def test_directed_edges_start_at_either_end_alike(blob_graph):
    """Where anchors were the ends of lower number, late points were hardly ever one."""
    edges, _ = split_edges(blob_graph, np.zeros(blob_graph.shape[0], dtype=bool))
    start, end = edges.draw_directed(200_000, torch.Generator().manual_seed(0)).numpy()
    n, degree = blob_graph.shape[0], degrees(blob_graph)
    for side in (start, end):
        found = np.bincount(side, minlength=n) / 200_000
        np.testing.assert_allclose(found, degree / degree.sum(), atol=4 * np.sqrt(0.02 / 200_000))
