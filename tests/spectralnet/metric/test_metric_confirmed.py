import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_digits

from spectralnet.clusters.scores import scores
from spectralnet.errors import ParameterError
from spectralnet.estimators.spectralnet import SpectralNet
from spectralnet.metric.confirmed import confirmed_edges


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


@pytest.mark.parametrize("channels", [[16, 32], []])
def test_the_estimator_sees_images_through_convolutions(channels, tmp_path):
    """Without channels it is the paper's Siamese net, on the codes."""
    images, labels = load_digits(return_X_y=True)
    few = np.flatnonzero(np.isin(labels, [0, 4, 6]))
    x, labels = (images[few] / 16).astype(np.float32), labels[few]
    model = SpectralNet(
        3,
        space="code",
        affinity="siamese",
        image_shape=[np.int64(8), 8],
        siamese={"channels": channels},
        autoencoder={"epochs": 15},
        spectralnet={"hidden": [64, 64], "epochs": 5, "steps_per_epoch": 40},
        random_state=0,
    ).fit(x)
    assert scores(labels, model.labels_)["acc"] > 0.95
    assert model.model_.embedder.config["kind"] == ("conv" if channels else "mlp")
    assert (len(model.model_.encoder) == 0) == bool(channels)  # the codes only made the graph
    model.save(tmp_path)
    np.testing.assert_array_equal(SpectralNet.load(tmp_path).predict(x), model.labels_)


@pytest.mark.parametrize("shape", [(3, 4), 144, (8.0, 8.0), (2, 2, 16), (-8, -8)])
def test_a_shape_that_rows_do_not_have_is_named(shape):
    with pytest.raises(ParameterError, match=r"image_shape = .* does not fit rows of 64 features"):
        SpectralNet(2, image_shape=shape).fit(np.eye(80, 64))
