import pytest
import yaml
from dvc.repo import Repo

from stages.backfill import is_current

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # DVC's own

PARAMS = {"name": "digits", "seed": 0, "fit_on": "all", "epochs": 5, "dec": {"epochs": 60}}
STAGES = {
    "settings": {
        "cmd": "mkdir -p set && grep epochs params.yaml > set/net && echo > set/other",
        "params": ["epochs", "fit_on"],
        "outs": ["set"],
    },
    "prepare": {"cmd": "cat params.yaml > data", "params": ["fit_on"], "outs": ["data"]},
    "train": {"cmd": "cat params.yaml data > net", "deps": ["data", "set/net"]},
    "dec": {"cmd": "cat data > dec", "params": ["dec"], "deps": ["data"], "outs": ["dec"]},
    "evaluate": {"cmd": "echo ${name} > scores", "params": ["seed"], "deps": ["data", "net"]},
}
STAGES["train"]["outs"], STAGES["evaluate"]["outs"] = ["net"], ["scores"]


@pytest.fixture
def evaluated(tmp_path, monkeypatch):
    """A pipeline of DVC's that was run: say whether its results are of changed parameters."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"vars": ["params.yaml"], "stages": STAGES}))
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    Repo.init(no_scm=True)
    with Repo() as repo:
        repo.reproduce()

    def still(*targets, **changes):
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(PARAMS | changes))
        with Repo() as repo:
            for target in targets:
                repo.reproduce(target)
            return is_current(repo.stage.collect("evaluate", with_deps=True))

    return still


def test_results_of_these_parameters_are_current(evaluated):
    assert evaluated()
    assert evaluated(dec={"epochs": 1})  # which nothing that they came from has read
    assert evaluated("dec", dec={"epochs": 1})


@pytest.mark.parametrize("change", [{"name": "mnist"}, {"seed": 1}, {"epochs": 9}])
def test_results_of_other_parameters_are_told_apart(evaluated, change):
    assert not evaluated(**change)


@pytest.mark.parametrize(
    ("made", "change"), [("dec", "fit_on"), ("train", "epochs"), ("settings", "epochs")]
)
def test_what_was_made_anew_leaves_the_results_behind(evaluated, made, change):
    """As `dvc exp run -S fit_on=train stages/methods/dvc.yaml:dec` does."""
    assert not evaluated(made, **{change: "other"})


def test_where_nothing_was_evaluated_nothing_is_current(evaluated, tmp_path):
    (tmp_path / "dvc.lock").unlink()
    assert not evaluated()
