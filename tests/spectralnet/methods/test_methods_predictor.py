import numpy as np
import pytest
import torch
from models import random_hierarchy, random_model
from scipy.sparse import csr_array

from spectralnet.data.preparation import Columns
from spectralnet.data.texts import Tfidf
from spectralnet.errors import DataError
from spectralnet.membership.part import Membership
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


ROWS = np.array([[1.0, 2, 0], [0, 0, 0], [3, 0, 4], [0, 0, 0]])
TEXTS = ["wheat and oil", "", "oil prices", "Der Weizen ist heute teurer"]


def referring(n_references=4):
    """Refer to four points in the space of `random_model`; it takes none for noise."""
    membership = Membership(n_references, 3, 2)
    membership.references.copy_(torch.eye(4)[:n_references, :3])
    return membership


@pytest.mark.parametrize("n_references", [4, 0])
@pytest.mark.parametrize(
    ("preparation", "raw"),
    [
        (Tfidf.fit(["wheat prices rose", "oil prices fell"], 10), TEXTS),
        (Columns(3, directions=True), ROWS),
        (Columns(3, directions=True), csr_array(ROWS)),
    ],
)
def test_what_has_no_direction_is_noise_without_a_likeliest_cluster(preparation, raw, n_references):
    model = random_model(preparation.n_features, referring(n_references), random_hierarchy())
    predictor = Predictor(preparation, model)
    found = as_frame(predictor.predict(raw), probabilities=True)
    empty, placed = found.iloc[[1, 3]], found.iloc[[0, 2]]
    assert empty["cluster"].tolist() == [-1, -1]
    np.testing.assert_allclose(empty.filter(like="probability_"), 1 / 3)
    assert empty["outlier_score"].tolist() == [1e4, 1e4]
    expected = as_frame(model.assign(preparation.transform(raw), whole=True), probabilities=True)
    np.testing.assert_array_equal(placed, expected.iloc[[0, 2]])
    assert (placed["cluster"] >= 0).all()
    np.testing.assert_array_equal(found["distance"], expected["distance"])
    cut = predictor.predict(raw, n_clusters=1)
    assert (cut.clusters.tolist(), cut.probabilities) == ([0, -1, 0, -1], None)


def test_a_row_of_zeros_among_points_is_one_of_them():
    predictor = Predictor(Columns(3), random_model(3, referring()))
    expected = predictor.model.assign(ROWS, whole=True)
    for found, wanted in zip(predictor.predict(ROWS), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_a_former_model_without_membership_marks_what_has_no_direction():
    found = Predictor(Columns(3, directions=True), random_model(3)).predict(ROWS)
    assert (found.clusters[[1, 3]] == -1).all()
    assert as_frame(found).columns.tolist() == ["cluster", "distance"]
