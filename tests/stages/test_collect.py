import pytest
from clones import ROOT

from spectralnet.config import Params, read_raw, validate
from spectralnet.leaderboard import PipelineRun
from stages.collect import is_usual


def run_of(method="spectralnet", **changes):
    raw = read_raw(ROOT / "params.yaml")
    for name, value in changes.items():
        raw[name] = raw[name] | value if isinstance(value, dict) else value
    params = validate(Params, raw, "changed").flat(method)
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
