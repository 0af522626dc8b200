"""What scikit-learn's users expect of an estimator beside fit and predict."""

from email.message import Message

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_blobs
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from spectralnet import DEC, DualAutoencoder, SpectralNet, progress
from spectralnet.errors import DataError, ParameterError
from spectralnet.estimators import documentation

QUICK = {"hidden": [32], "epochs": 1, "steps_per_epoch": 20}


@pytest.fixture(scope="module")
def points():
    return make_blobs(90, 5, centers=3, random_state=0)[0]


def quick(**changes):
    return SpectralNet(3, spectralnet=QUICK, random_state=0, device="cpu").set_params(**changes)


def test_the_cosine_sees_directions_alone(points, tmp_path):
    model = quick(metric="cosine").fit(points)
    lengths = 2.0 ** np.random.default_rng(0).integers(-9, 9, (90, 1))  # powers of 2 leave no error
    np.testing.assert_array_equal(model.predict(points * lengths), model.labels_)
    other = quick(metric="cosine").fit(points * lengths)
    np.testing.assert_array_equal(other.embedding_, model.embedding_)
    seen = model.preparation_.transform(points)
    np.testing.assert_allclose(seen, np.sqrt(5) * normalize(points), rtol=1e-5)
    near = [
        NearestNeighbors(n_neighbors=10, metric=metric).fit(x).kneighbors(return_distance=False)
        for metric, x in (("cosine", points), ("euclidean", seen.astype(np.float64)))
    ]
    assert np.mean(near[0] == near[1]) > 0.99
    model.save(tmp_path)
    np.testing.assert_array_equal(SpectralNet.load(tmp_path).predict(points), model.labels_)
    nowhere = np.zeros((1, 5))  # which has none
    assert (model.predict(nowhere), model.cut(2, nowhere)) == ([-1], [-1])
    np.testing.assert_allclose(model.predict_proba(nowhere), [[1 / 3] * 3])
    assert model.outlier_score(nowhere) > model.outlier_score(-99 * points).max()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric": "l1"}, "metric = 'l1': choose one of euclidean, cosine"),
        ({"metric": "cosine", "image_shape": (1, 5)}, "metric = cosine: neither images nor aff"),
        ({"metric": "cosine", "affinity": "precomputed"}, "metric = cosine: neither images nor"),
    ],
)
def test_a_metric_that_rows_do_not_have_is_refused(points, changes, message):
    with pytest.raises(ParameterError, match=message):
        quick(**changes).fit(points)


def test_a_row_without_a_direction_is_named(points):
    with pytest.raises(DataError, match="1 rows are 0, the first row 7, and have no direction"):
        quick(metric="cosine").fit(np.where(np.arange(90)[:, None] == 7, 0, points))


def test_outputs_are_frames_and_notebooks_show_the_estimator(points):
    frame = pd.DataFrame(points, index=[f"row {i}" for i in range(90)], columns=list("abcde"))
    model = quick().set_output(transform="pandas").fit(frame)
    found = model.transform(frame)
    assert found.index.equals(frame.index)
    assert found.columns.tolist() == [f"spectralnet{i}" for i in range(found.shape[1])]
    np.testing.assert_array_equal(found, model.embedding_)
    page = model._repr_html_()
    assert "SpectralNet" in page
    assert "random_state" in page


@pytest.mark.parametrize("estimator", [SpectralNet(), DEC(), DualAutoencoder()])
def test_estimators_link_to_the_documentation_that_the_package_names(estimator, monkeypatch):
    about, name = Message(), type(estimator).__name__
    monkeypatch.setattr(documentation, "metadata", {documentation.PACKAGE: about}.get)
    about["Project-URL"] = "Source, https://example.org/code"
    assert "href" not in estimator._repr_html_()
    about["Project-URL"] = "Documentation, https://example.org/docs/"
    assert f'href="https://example.org/docs/api/#spectralnet.{name}"' in estimator._repr_html_()


def test_bars_show_in_notebooks_unless_it_shall_be_quiet(monkeypatch):
    with progress.progress_bar("fit", 1) as bar:
        assert bar.disable  # no terminal
    monkeypatch.setattr(progress, "IN_NOTEBOOK", True)
    with progress.progress_bar("fit", 1) as bar:
        assert not bar.disable
    with progress.quiet(), progress.quiet(False), progress.progress_bar("fit", 1) as bar:
        assert bar.disable  # a loud fit inside of what is quiet
