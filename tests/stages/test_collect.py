from types import SimpleNamespace

import numpy as np
import pytest
from clones import ROOT

from spectralnet.config.reading import params_of, read_raw
from spectralnet.report.results import read_table
from stages import collect
from stages.collect import is_usual


def changed(**changes):
    raw = read_raw(ROOT / "params.yaml")
    for name, value in changes.items():
        raw[name] = raw[name] | value if isinstance(value, dict) else value
    return raw


def logged(method="spectralnet", **changes):
    flat = params_of(changed(**changes), "changed").flat(method)
    return {name: str(value) for name, value in flat.items()}


def run_of(params, tags, **metrics):
    data = SimpleNamespace(params=params, metrics=metrics, tags=tags)
    return SimpleNamespace(data=data)


@pytest.mark.parametrize("method", ["spectralnet", "dec"])
def test_runs_of_any_number_of_topics_are_results(monkeypatch, method):
    monkeypatch.chdir(ROOT)
    topics = {"topics": 10, "n_clusters": 10}
    assert is_usual(logged(method, dataset="reuters", reuters=topics))
    assert not is_usual(logged(method, dataset="reuters", reuters=topics | {"n_terms": 7}))
    usual = logged(method, dataset="mnist", seed=3, space="input")
    assert is_usual(usual)
    assert not is_usual(logged(method, dataset="own"))


def test_own_data_are_no_result_under_whatever_name(monkeypatch):
    """Nor under that of a data set that was replaced: so no row has pairs that another has not."""
    own = {"source": "own", "path": "data/own/x.csv", "must_link": "data/own/must.csv"}
    assert is_usual(logged(dataset="digits"))
    monkeypatch.setattr(collect, "read_raw", lambda: changed(digits=own))
    assert not is_usual(logged(dataset="digits", digits=own))


def test_a_run_that_todays_settings_refuse_is_no_result(monkeypatch):
    monkeypatch.chdir(ROOT)
    params = logged(dataset="mnist", affinity="siamese", augment="affine")
    assert is_usual(params)
    siamese = read_raw(ROOT / "params.yaml")["mnist"]["siamese"]
    perceptron = changed(mnist={"siamese": siamese | {"channels": []}})  # cannot augment
    monkeypatch.setattr(collect, "read_raw", lambda: perceptron)
    assert not is_usual(params)


def test_the_last_run_counts_also_of_baselines(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    alone = logged("ae_kmeans", seed=0)
    own = run_of(
        alone, {"git.commit": "0" * 40, "git.dirty": "true"}, n=5, acc=0.5, acc_test=0.4, seconds=7
    )
    whole = run_of(
        logged(seed=0, space="code"),
        {"git.commit": "1" * 40},
        n=5,
        acc=0.9,
        kmeans_acc=0.6,
        seconds=9,
    )
    latest = (
        ([own, whole], [0.6, np.nan, "1" * 12, 7]),
        ([whole, own], [0.5, 0.4, "0" * 12 + "-dirty", 7]),
    )
    for order, expected in latest:
        monkeypatch.setattr(collect, "finished_pipelines", lambda order=order: order)
        table = tmp_path / f"{expected[2]}.csv"
        collect.collect(table, tmp_path / "results.md", ROOT / "docs/published.csv")
        kmeans = read_table(table).query("method == 'kmeans' and affinity == ''")
        found = kmeans[["acc", "acc_test", "commit", "seconds"]].values.tolist()
        assert found == [pytest.approx(expected, nan_ok=True)]
