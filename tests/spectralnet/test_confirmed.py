import numpy as np
import pytest
from scipy.sparse import csr_array

from spectralnet.confirmed import confirmed_edges, mean_graph
from spectralnet.errors import ParameterError
from spectralnet.estimator import SpectralNet


def test_edges_are_kept_where_both_spaces_have_them(graph_params):
    """Points on a line, and a graph of random edges; one point has none that are near."""
    n, k = 60, 4
    params = graph_params.model_copy(update={"n_neighbours": k, "scale_neighbour": 2})
    random = np.random.default_rng(0)
    x = np.sort(random.random(n))[:, None].astype(np.float32)
    weights = np.triu(random.random((n, n)) * (random.random((n, n)) < 0.3), 1)
    weights[:8, 0], weights[0, :] = 0, 0
    weights[0, [30, 40]] = 0.5, 0.7
    weights += weights.T
    distance = np.abs(x - x.T)
    np.fill_diagonal(distance, np.inf)
    near = distance <= np.sort(distance, axis=1)[:, k - 1 : k]
    expected = weights * (near | near.T)
    alone = expected.sum(axis=1) == 0
    assert alone[0]
    expected = np.where(alone[:, None] | alone, weights, expected)
    confirmed = confirmed_edges(csr_array(weights), x, params, seed=0)
    np.testing.assert_array_equal(confirmed.toarray(), expected)
    assert 0 < confirmed.nnz < np.count_nonzero(weights)


def test_the_mean_of_two_graphs_and_of_one(blob_graph):
    np.testing.assert_allclose(
        mean_graph(blob_graph, 3 * blob_graph).toarray(), 2 * blob_graph.toarray()
    )
    assert mean_graph(blob_graph, None) is blob_graph


def test_images_are_seen_through_convolutions(tmp_path):
    random = np.random.default_rng(0)
    images = np.zeros((400, 10, 10), dtype=np.float32)
    for i, image in enumerate(images):
        row, column = random.integers(2, 8, 2)
        image[row - 2 : row + 3, column] = i % 2
        image[row, column - 2 : column + 3] += 1 - i % 2
    x = images.reshape(400, -1) + 0.05 * random.random((400, 100), dtype=np.float32)
    short = {"autoencoder": {"epochs": 5}, "siamese": {"epochs": 5}, "spectralnet": {"epochs": 3}}
    model = SpectralNet(2, affinity="siamese", image_shape=(10, 10), random_state=0, **short)
    assert model.fit_predict(x).shape == (400,)
    assert model.history_.keys() == {"autoencoder", "siamese", "spectralnet"}
    assert model.model_.embedder.config["kind"] == "conv"
    assert len(model.model_.encoder) == 0  # the codes only made the graph
    model.save(tmp_path)
    np.testing.assert_array_equal(SpectralNet.load(tmp_path).predict(x), model.predict(x))


def test_a_shape_that_rows_do_not_have_is_named(blobs):
    with pytest.raises(ParameterError, match=r"image_shape = \(3, 4\) does not fit rows of"):
        SpectralNet(2, affinity="siamese", image_shape=(3, 4)).fit(blobs)
