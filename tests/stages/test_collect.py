import numpy as np
import pytest
from clones import ROOT

from spectralnet.config.params import Params
from spectralnet.config.reading import read_raw
from spectralnet.config.settings import validate
from spectralnet.report.results import read_table
from spectralnet.tracking.leaderboard import PipelineRun
from stages import collect
from stages.collect import is_usual


def changed(**changes):
    raw = read_raw(ROOT / "params.yaml")
    for name, value in changes.items():
        raw[name] = raw[name] | value if isinstance(value, dict) else value
    return raw


def run_of(method="spectralnet", **changes):
    params = validate(Params, changed(**changes), "changed").flat(method)
    return PipelineRun("id", "commit", {k: str(v) for k, v in params.items()}, {})


@pytest.mark.parametrize("method", ["spectralnet", "dec"])
def test_runs_of_any_number_of_topics_are_results(monkeypatch, method):
    monkeypatch.chdir(ROOT)
    topics = {"topics": 10, "n_clusters": 10}
    assert is_usual(run_of(method, dataset="reuters", reuters=topics))
    assert not is_usual(run_of(method, dataset="reuters", reuters=topics | {"n_terms": 7}))
    usual = run_of(method, dataset="mnist", seed=3, space="input")
    assert is_usual(usual)
    assert is_usual(usual._replace(params=usual.params | {"dual_autoencoder.epochs": "7"}))
    assert not is_usual(run_of(method, dataset="own"))


def test_a_run_that_todays_settings_refuse_is_no_result(monkeypatch):
    monkeypatch.chdir(ROOT)
    run = run_of(dataset="mnist", augment="affine")
    assert is_usual(run)
    siamese = read_raw(ROOT / "params.yaml")["mnist"]["siamese"]
    perceptron = changed(mnist={"siamese": siamese | {"channels": []}})  # cannot augment
    monkeypatch.setattr(collect, "read_raw", lambda: perceptron)
    assert not is_usual(run)


def test_the_last_run_counts_also_of_baselines(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    own = run_of("ae_kmeans", seed=0)._replace(
        run_id="a", commit="old", metrics={"n": 5, "acc": 0.5, "acc_test": 0.4, "seconds": 7}
    )
    whole = run_of(seed=0)._replace(
        run_id="b", commit="new", metrics={"n": 5, "acc": 0.9, "kmeans_acc": 0.6, "seconds": 9}
    )
    monkeypatch.setattr(collect, "_seed_agreement", lambda runs: {})
    latest = (([own, whole], [0.6, np.nan, "new", 7]), ([whole, own], [0.5, 0.4, "old", 7]))
    for order, expected in latest:
        monkeypatch.setattr(collect, "finished_pipelines", lambda order=order: order)
        table = tmp_path / f"{expected[2]}.csv"
        collect.collect(table, tmp_path / "results.md", ROOT / "docs/published.csv")
        kmeans = read_table(table).query("method == 'kmeans' and affinity == ''")
        found = kmeans[["acc", "acc_test", "commit", "seconds"]].values.tolist()
        assert found == [pytest.approx(expected, nan_ok=True)]


def test_clusterings_of_different_points_are_not_compared(monkeypatch):
    clusters = {"a": [0, 0, 1, 1], "b": [1, 1, 0, 0], "c": [0, 1, 0, 1], "d": [0, 1]}
    monkeypatch.setattr(collect, "_clusters", lambda run, folder: np.array(clusters[run.run_id]))
    runs = [
        *(run_of(seed=seed)._replace(run_id=name) for seed, name in enumerate("ab")),
        *(run_of(seed=s, fit_on="train")._replace(run_id=name) for s, name in enumerate("cd")),
    ]
    assert collect._seed_agreement(runs) == {
        "a": {"seed_agreement": pytest.approx(1)},
        "b": {"seed_agreement": pytest.approx(1)},
    }
