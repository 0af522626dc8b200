import numpy as np
import pytest
import torch

from spectralnet.errors import DataError
from spectralnet.methods.predictor import Predictor, as_frame


def test_raw_images_are_prepared_embedded_and_compared(predictor, images):
    """The whole way again, in torch and NumPy alone."""
    found = predictor.predict(images)
    x = torch.from_numpy(images.reshape(50, 6).astype(np.float32) / 255)
    with torch.no_grad():
        embedding = predictor.model(x).numpy()
    np.testing.assert_allclose(found.embedding, embedding, atol=1e-6)
    unit = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    distances = np.linalg.norm(unit[:, None] - predictor.model.centroids.numpy(), axis=2)
    np.testing.assert_array_equal(found.clusters, distances.argmin(axis=1))
    np.testing.assert_allclose(found.distances, distances.min(axis=1), atol=1e-6)
    assert as_frame(found).columns.tolist() == ["cluster", "distance"]
    assert as_frame(found, embedding=True).columns.tolist()[2:] == ["embedding_1", "embedding_2"]


def test_a_model_of_another_kind_is_refused(folder):
    (folder / "model.json").write_text('{"kind": "kmeans"}')
    with pytest.raises(DataError, match="kind 'kmeans': this version knows spectral"):
        Predictor.load(folder)
