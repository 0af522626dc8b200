import re

import numpy as np
import pytest
from clones import ROOT
from sklearn.base import clone
from sklearn.datasets import load_digits, make_moons
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags

from spectralnet import SpectralNet
from spectralnet.errors import DataError, ParameterError

QUICK = {"hidden": [64], "epochs": 1, "steps_per_epoch": 20}


@pytest.fixture(scope="module")
def moons():
    points, labels = make_moons(100, noise=0.05, random_state=0)
    return points.astype(np.float32), labels


def quick(**changes):
    usual = {"n_clusters": 2, "spectralnet": QUICK, "random_state": 0, "device": "cpu"}
    return SpectralNet(**usual | changes)


def test_labels_do_nothing_unless_asked_for(moons):
    points, labels = moons
    partly = np.where(np.arange(100) % 5, -1, labels)
    expected = quick().fit(points).embedding_
    np.testing.assert_array_equal(quick().fit(points, partly).embedding_, expected)
    assert get_tags(quick(semi_supervised=True)).target_tags.required
    assert not get_tags(quick()).target_tags.required


def test_all_ways_to_tell_the_same_lead_to_the_same(moons):
    """Other numbers of the classes, pairs in place of labels, a pipeline in between."""
    points, labels = moons
    partly = np.where(np.arange(100) % 5, -1, labels)
    model = quick(semi_supervised=True).fit(points, partly)
    assert (model.embedding_ != quick().fit(points).embedding_).any()
    renamed = np.where(partly < 0, -1, 7 + 1000 * partly)
    rows = np.flatnonzero(partly >= 0)
    pairs = np.stack(np.meshgrid(rows, rows), axis=-1).reshape(-1, 2)
    same = labels[pairs[:, 0]] == labels[pairs[:, 1]]
    told = {"must_link": pairs[same], "cannot_link": pairs[~same].tolist()}
    others = [
        clone(model).fit(points, renamed),
        clone(model).fit(points, renamed.astype(float)),  # as pandas' Int64 comes
        quick().fit(points, **told),
        make_pipeline(quick(semi_supervised=True)).fit(points, partly)[-1],
        make_pipeline(quick()).fit(points, **{f"spectralnet__{k}": v for k, v in told.items()})[-1],
    ]
    for other in others:
        np.testing.assert_array_equal(other.embedding_, model.embedding_)
    np.testing.assert_array_equal(clone(model).fit_predict(points, partly), model.labels_)


@pytest.mark.parametrize("affinity", ["euclidean", "siamese"])
def test_pairs_overrule_distances_with_both_affinities(affinity):
    """Of three blobs in a row the outer two are told to be one, and apart from the middle."""
    blob = np.repeat([0, 1, 2], 40)
    points = np.random.default_rng(0).normal(size=(120, 2)) + np.stack([9 * blob, 0 * blob], axis=1)
    pairs = np.stack([np.arange(0, 40, 2), np.arange(80, 120, 2)], axis=1)  # (20, 2)
    apart = pairs - [0, 40]
    model = quick(affinity=affinity, siamese={"hidden": [32], "epochs": 5, "steps_per_epoch": 10})
    model.set_params(spectralnet=QUICK | {"epochs": 15})
    model.fit(points, must_link=pairs, cannot_link=apart)
    clusters = model.labels_
    assert np.mean(clusters[pairs[:, 0]] == clusters[pairs[:, 1]]) > 0.9
    assert np.mean(clusters[apart[:, 0]] != clusters[apart[:, 1]]) > 0.9


@pytest.mark.parametrize(
    ("changes", "told", "message"),
    [
        (
            {"semi_supervised": True},
            {},
            "semi_supervised = True requires y to be passed, .* -1 where",
        ),
        ({"semi_supervised": True}, {"y": np.arange(100)}, "100 different labels are known, but"),
        ({"semi_supervised": True}, {"y": ["a"] * 100}, "y is of type <U1: .* whole numbers"),
        ({"semi_supervised": True}, {"y": [1, 2]}, "inconsistent numbers of samples"),
        ({}, {"must_link": [[0, 100]]}, r"must_link\[0\] = \[0, 100\]: rows are from 0 to 99"),
        ({}, {"must_link": [[0, 1]], "cannot_link": [[1, 0]]}, "cannot_link tells rows 1 and 0"),
        ({"spectralnet": {"sampler": "batch"}}, {"must_link": [[0, 1]]}, "sampler = batch makes"),
        ({"affinity": "precomputed"}, {"must_link": [[0, 1]]}, "affinity = precomputed: labels"),
    ],
)
def test_what_cannot_be_told_is_refused_before_any_training(
    moons, monkeypatch, changes, told, message
):
    monkeypatch.setattr("spectralnet.estimators.spectralnet.train_spectralnet", None)
    points = moons[0]
    if "affinity" in changes:
        points = np.exp(-((points[:, None] - points[None]) ** 2).sum(axis=2))
    model = quick(**changes)
    with pytest.raises(ValueError, match=message) as raised:
        model.fit(points, **told)
    assert isinstance(raised.value, DataError | ParameterError) or "inconsistent" in message
    assert "_told" not in vars(model)


def test_no_fewer_clusters_are_chosen_than_labels_are_known(moons, monkeypatch):
    def stop(*arguments, **others):
        assert arguments[4] == (4, 9)
        raise KeyboardInterrupt

    monkeypatch.setattr("spectralnet.estimators.spectralnet.train_spectralnet", stop)
    points, labels = moons
    four = labels + 2 * (points[:, 0] > np.median(points[:, 0]))
    model = quick(n_clusters="auto", semi_supervised=True)
    with pytest.raises(KeyboardInterrupt):
        model.fit(points, np.where(np.arange(100) % 5, -1, four))
    with pytest.raises(ParameterError, match="4 different labels are known, but n_clusters = 3"):
        model.set_params(n_clusters=(2, 3)).fit(points, four)


def test_the_documented_code_runs(monkeypatch, capsys):
    few = load_digits(return_X_y=True)
    few = few[0][:210], few[1][:210]
    monkeypatch.setattr("sklearn.datasets.load_digits", lambda **_: few)
    page = (ROOT / "docs/supervision.md").read_text(encoding="utf-8")
    code = "".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    quicker = code.replace("random_state=0", "random_state=0, spectralnet={'epochs': 1}")
    exec(quicker, {})  # noqa: S102
    assert capsys.readouterr().out.count("right") == 2
