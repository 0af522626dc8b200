import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from spectralnet import DEC, SpectralNet
from spectralnet.clusters.kmeans import unit_rows
from spectralnet.errors import DataError
from spectralnet.methods.description import column_effects

QUICK = {"epochs": 2, "steps_per_epoch": 20}


@pytest.fixture(scope="module")
def table():
    points = np.random.default_rng(0).normal(size=(90, 3)) + 6 * np.repeat(np.eye(3), 30, axis=0)
    return pd.DataFrame(points, columns=["a", "b", "c"])


@pytest.fixture(scope="module")
def model(table):
    return SpectralNet(3, n_neighbors=10, spectralnet=QUICK, random_state=0).fit(table)


def test_fitted_points_are_described(model):
    found = model.describe(n_samples=4)
    assert found["size"].tolist() == np.bincount(model.labels_).tolist()
    used = len(model.cluster_centers_[0])
    weights = model.model_.weights.numpy()
    places = unit_rows(model.embedding_[:, :used] * weights)
    distance = np.linalg.norm(places - model.cluster_centers_[model.labels_], axis=1)
    for cluster, rows in found["nearest"].items():
        members = np.flatnonzero(model.labels_ == cluster)
        assert rows == members[np.argsort(distance[members], kind="stable")[:4]].tolist()
    assert found["features"].tolist() == [[], [], []]


def test_columns_are_compared_where_points_are_given(model, table):
    found = model.describe(table)
    clusters = model.predict(table)
    effects = column_effects(table.to_numpy(), clusters, table.columns)
    for cluster, pairs in found["features"].items():
        strongest = effects.loc[cluster].abs().idxmax()
        assert pairs[0][0] == strongest
        assert pairs[0][1] == pytest.approx(effects.loc[cluster, strongest], rel=1e-3)


def test_texts_behind_the_points_are_told_by_their_terms(model, table):
    texts = [f"cluster {'abc'[cluster] * 3}" for cluster in model.predict(table)]
    found = model.describe(table, texts=texts)
    assert [pairs[0][0] for pairs in found["features"]] == ["aaa", "bbb", "ccc"]
    gaps = [None, float("nan"), *texts[2:]]
    told = model.describe(table, texts=["", "", *texts[2:]])["features"]
    assert model.describe(table, texts=gaps)["features"].tolist() == told.tolist()
    with pytest.raises(DataError, match="2 texts of 90 points"):
        model.describe(texts=texts[:2])


def test_an_estimator_that_is_not_fitted_has_nothing_to_describe():
    with pytest.raises(NotFittedError):
        DEC().describe()


def test_dec_is_described_by_its_codes(table):
    stacked = {"hidden": [8], "code_size": 2, "layer_epochs": 1, "epochs": 1}
    model = DEC(3, stacked=stacked, dec={"epochs": 1}, random_state=0).fit(table)
    nearest = model.describe()["nearest"]
    for cluster, rows in nearest.items():
        members = model.embedding_[model.labels_ == cluster]
        distance = np.linalg.norm(members - model.cluster_centers_[cluster], axis=1).min()
        first = model.embedding_[rows[0]] - model.cluster_centers_[cluster]
        assert np.linalg.norm(first) == pytest.approx(distance, rel=1e-5)
