import numpy as np
import pytest
from clones import ROOT
from sklearn.base import clone
from sklearn.callback import FitCallback, ProgressBar
from sklearn.datasets import make_blobs
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from spectralnet import DEC, DualAutoencoder, SpectralNet

QUICK = {"hidden": [16], "epochs": 3, "steps_per_epoch": 5, "landmarks": 0, "sampler": "edges"}
ONCE = {"epochs": 1}
JOINT = {"hidden": [8], "epochs": 1, "joint": {"epochs": 1, "steps_per_epoch": 3}}
ESTIMATORS = {
    "spectralnet": lambda: SpectralNet(3, spectralnet=QUICK, random_state=0),
    "auto": lambda: SpectralNet(3, spectralnet={**QUICK, "sampler": "auto"}, random_state=0),
    "dec": lambda: DEC(
        3, stacked={"hidden": [8], "layer_epochs": 1, **ONCE}, dec=ONCE, random_state=0
    ),
    "dual_autoencoder": lambda: DualAutoencoder(
        3, spectralnet={**QUICK, **ONCE}, autoencoder=JOINT, random_state=0
    ),
}


@pytest.fixture(scope="module")
def points():
    return make_blobs(90, 5, centers=3, random_state=0)[0]


class Recorder:
    """Writes down what it is told, and ends trainings after so many epochs."""

    def __init__(self, most=100):
        self.most, self.open, self.said, self.rows = most, [], [], []

    def setup(self, estimator, context):
        self.said.append("setup")

    def teardown(self, estimator, context):
        self.said.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        assert [task.task_name for task in self.open] == [
            task.task_name for task in path(context)[:-1]
        ]
        self.open.append(context)

    def on_fit_task_end(self, estimator, context, *, metadata=None, fitted_estimator=None):
        assert self.open.pop() is context
        if context.task_name == "epoch":
            self.rows.append(metadata | {"of": context.parent.task_name})
            return metadata["epoch"] >= self.most
        self.said.append(context.task_name)
        if context.parent is None:
            self.labels = fitted_estimator.labels_
        return False


def path(context):
    return [*path(context.parent), context] if context else []


@pytest.mark.parametrize(
    ("name", "nets"),
    [
        ("spectralnet", ["spectralnet"]),
        ("auto", ["eigenvectors", "spectralnet"]),
        ("dec", ["layer 1", "layer 2", "autoencoder", "dec"]),
        ("dual_autoencoder", ["dual autoencoder", "spectralnet", "joint", "spectralnet"]),
    ],
)
def test_each_net_is_a_task_and_each_epoch_one_of_that_with_its_losses(points, name, nets):
    recorder = Recorder()
    assert isinstance(recorder, FitCallback)
    model = clone(ESTIMATORS[name]().set_callbacks(recorder)).fit(points)
    assert recorder.said == ["setup", *nets, "fit", "teardown"]
    assert recorder.open == []
    np.testing.assert_array_equal(recorder.labels, model.labels_)
    np.testing.assert_array_equal(ESTIMATORS[name]().fit(points).labels_, model.labels_)
    told = {(row["of"], row["loss"], row["seconds"]) for row in recorder.rows}
    curves = model.history_.values()
    kept = {(row.loss, row.seconds) for curve in curves for row in curve.itertuples()}
    assert kept <= {(loss, seconds) for _, loss, seconds in told}
    assert {of for of, *_ in told} == set(nets)


def test_a_callback_may_end_a_training(points):
    model = ESTIMATORS["spectralnet"]().set_callbacks(Recorder(most=2)).fit(points)
    assert len(model.history_["spectralnet"]) == 2


def test_a_fit_that_fails_is_torn_down_and_more_points_are_a_task_of_their_own(points):
    recorder = Recorder()
    model = ESTIMATORS["spectralnet"]().set_callbacks(recorder)
    with pytest.raises(ValueError, match="n_neighbors = 0"):
        model.set_params(n_neighbors=0).fit(points)
    assert recorder.said == ["setup", "teardown"]
    recorder.open.clear()
    model.set_params(n_neighbors=5).partial_fit(points[:60]).partial_fit(points[60:])
    usual = ["spectralnet", "fit", "teardown", "setup", "spectralnet", "partial_fit", "teardown"]
    assert recorder.said[2:] == ["setup", *usual]
    assert vars(model).keys() & {"_callback_fit_ctx", "_skl_callbacks_to_teardown"} == set()


def test_bars_reach_the_estimator_through_a_pipeline(points, capsys):
    pipeline = make_pipeline(StandardScaler(), ESTIMATORS["spectralnet"]())
    pipeline.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(points)
    said = capsys.readouterr().out
    assert "SpectralNet - fit #1" in said
    assert "SpectralNet - spectralnet #0" in said


def test_the_documented_callback_runs(capsys):
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    quick = code.replace("random_state=0).set", f"random_state=0, spectralnet={QUICK}).set")
    assert quick != code
    exec(quick, {})  # noqa: S102
    said = capsys.readouterr().out
    assert "spectralnet 1: " in said
    assert "spectralnet 3: " in said
