import numpy as np
import pandas as pd
import pytest
import torch
from clones import ROOT
from scipy.sparse import csr_array
from sklearn.datasets import make_moons
from sklearn.exceptions import NotFittedError
from sklearn.metrics import silhouette_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from toys import documents

from spectralnet import DEC, DualAutoencoder, SpectralNet
from spectralnet.clusters.scores import accuracy
from spectralnet.config.defaults import default_dec, default_dual_autoencoder, default_settings
from spectralnet.config.reading import read_params
from spectralnet.errors import DataError, ParameterError

QUICK = {"hidden": [64, 64], "epochs": 2, "steps_per_epoch": 10}
QUICKEST = {"hidden": [8], "epochs": 1, "steps_per_epoch": 2}
SPARSE = dict.fromkeys(
    ("check_estimator_sparse_array", "check_estimator_sparse_matrix"),
    "they take whoever has predict_proba for a classifier, and ask its tags for classes",
)
EXPECTED_FAILURES = SPARSE | {
    "check_methods_sample_order_invariance": "it asks for two clusters in n_components = 1, the "
    "constant eigenvector alone, which is an error"
}


TINY = {"hidden": [8], "code_size": 3, "epochs": 1}
ESTIMATORS = [
    (
        SpectralNet(spectralnet=QUICK | {"epochs": 1, "landmarks": 0}, random_state=0),
        EXPECTED_FAILURES,
    ),
    (DEC(stacked=TINY | {"layer_epochs": 1}, dec={"epochs": 1}, random_state=0), SPARSE),
]


@pytest.mark.parametrize(("estimator", "expected_failures"), ESTIMATORS, ids=["spectralnet", "dec"])
def test_scikit_learns_checks_pass(estimator, expected_failures):
    results = check_estimator(estimator, expected_failed_checks=expected_failures, on_skip=None)
    status = {result["check_name"]: result["status"] for result in results}
    assert {name for name, found in status.items() if found == "xfail"} == set(expected_failures)
    skipped = {name for name, found in status.items() if found == "skipped"}
    assert skipped <= {"check_array_api_input"}  # which asks for an option of SciPy
    assert len(results) > 40


def test_two_moons_and_points_never_seen():
    points, labels = make_moons(400, noise=0.05, random_state=1)
    short = {"hidden": [64, 64], "epochs": 10, "steps_per_epoch": 40}
    model = SpectralNet(n_clusters=2, random_state=1, spectralnet=short)
    assert accuracy(labels, model.fit_predict(points)) >= 0.99
    new_points, new_labels = make_moons(200, noise=0.05, random_state=101)
    assert accuracy(new_labels, model.predict(new_points)) >= 0.98
    assert model.eigenvalues_[0] == pytest.approx(0, abs=1e-3)
    assert (np.diff(model.eigenvalues_) >= 0).all()


@pytest.fixture(scope="module")
def moons():
    return make_moons(60, noise=0.05, random_state=0)[0].astype(np.float32)


def quick(**changes):
    usual = {"n_clusters": 2, "spectralnet": QUICK, "random_state": 0, "device": "cpu"}
    return SpectralNet(**usual | changes)


def test_every_kind_of_input_gives_the_same_clusters(moons):
    expected = quick().fit(moons)
    frame = pd.DataFrame(moons, columns=["a", "b"])
    for points in (moons.tolist(), frame, csr_array(moons), torch.from_numpy(moons)):
        model = quick().fit(points)
        np.testing.assert_allclose(model.embedding_, expected.embedding_, atol=1e-4)
        np.testing.assert_array_equal(model.predict(points), model.labels_)
    assert quick().fit(frame).feature_names_in_.tolist() == ["a", "b"]


@pytest.mark.parametrize("affinity", ["euclidean", "siamese"])
@pytest.mark.parametrize("space", ["code", "input"])
def test_a_saved_estimator_predicts_the_same(moons, space, affinity, tmp_path):
    short = {"epochs": 1}
    model = quick(space=space, affinity=affinity, autoencoder=short, siamese=short).fit(moons)
    trained = {"autoencoder": space == "code", "siamese": affinity == "siamese"}
    before = {net for net in trained if trained[net]}
    assert set(model.history_) == {"eigenvectors", "spectralnet", *before}
    model.save(tmp_path)
    loaded = SpectralNet.load(tmp_path)
    assert loaded.get_params() == model.get_params()
    np.testing.assert_array_equal(loaded.predict(moons), model.labels_)
    np.testing.assert_array_equal(loaded.transform(moons), model.embedding_)
    for name in ("labels_", "embedding_", "eigenvalues_", "cluster_centers_"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(model, name))
    (tmp_path / "estimator.json").unlink()
    with pytest.raises(DataError, match=r"estimator\.json is missing"):
        SpectralNet.load(tmp_path)


@pytest.mark.parametrize(
    ("image_shape", "n_searched"), [(None, 64), ((8, 8), 512)], ids=["rows", "images"]
)
def test_images_are_searched_among_gradients_and_other_rows_as_they_are(image_shape, n_searched):
    rows = np.random.default_rng(0).random((60, 64))
    model = quick(image_shape=image_shape).fit(rows)
    if image_shape:
        np.testing.assert_array_equal(model.predict(rows.reshape(-1, 8, 8)), model.labels_)
    assert set(model.history_) == {"eigenvectors", "spectralnet"}  # no training before
    assert model.model_.encoder.sizes[-1] == n_searched
    np.testing.assert_array_equal(model.predict(rows), model.labels_)


@pytest.mark.parametrize("affinity", ["euclidean", "siamese"])
def test_texts_are_searched_among_latent_semantics_and_new_ones_with_them(affinity, tmp_path):
    x, topics = documents(300)
    model = quick(n_clusters=3, affinity=affinity, siamese={"epochs": 2}).fit(x[:200])
    assert model.model_.encoder.sizes == [150, 100]
    assert accuracy(topics[:200], model.labels_) > 0.9
    np.testing.assert_array_equal(model.predict(x[:200]), model.labels_)
    assert accuracy(topics[200:], model.predict(x[200:])) > 0.9
    dense = model.transform(x[200:].toarray())
    np.testing.assert_allclose(model.transform(x[200:]), dense, atol=1e-4)
    model.save(tmp_path)
    grown = SpectralNet.load(tmp_path)
    np.testing.assert_array_equal(grown.transform(x[200:]), model.transform(x[200:]))
    grown.partial_fit(x[200:])
    assert accuracy(topics, grown.labels_) > 0.9
    for own, former in zip(
        grown.model_.encoder.parameters(), model.model_.encoder.parameters(), strict=True
    ):
        assert (own == former).all()


def test_in_a_pipeline_and_a_grid_search_without_labels(moons):
    pipeline = make_pipeline(StandardScaler(), quick())
    search = GridSearchCV(
        pipeline,
        {"spectralnet__n_neighbors": [5, 10]},
        scoring=lambda model, x, y=None: silhouette_score(model.transform(x), model.predict(x)),
        cv=2,
    )
    search.fit(moons)
    assert set(search.predict(moons)) == {0, 1}


def test_the_defaults_are_those_of_the_pipeline():
    params = read_params(ROOT / "params.yaml")
    for n, name in ((1797, "digits"), (70_000, "mnist")):
        expected = params.datasets[name].model_dump(exclude={"source"})
        assert default_settings(n, 10).model_dump() == expected
    stacked, dec = default_dec(70_000)
    assert stacked == params.block("stacked")
    assert dec.model_dump() == params.block("dec").model_dump(exclude={"codes"})
    assert default_dual_autoencoder(70_000, 16, images=True) == params.block("dual_autoencoder")


@pytest.mark.parametrize("estimator", [SpectralNet, DualAutoencoder])
def test_the_former_name_of_the_neighbours_still_works(moons, estimator):
    with (
        pytest.warns(FutureWarning, match="n_neighbours is called n_neighbors now"),
        pytest.raises(ParameterError, match=r"n_neighbors = 0: give a whole number"),
    ):
        estimator(n_clusters=2, n_neighbours=0).fit(moons)


def test_both_names_of_the_neighbours_are_not_taken_at_once(moons):
    with pytest.raises(ParameterError, match=r"n_neighbors = 8, but n_neighbours, its former"):
        quick(n_neighbours=5).set_params(n_neighbors=8).fit(moons)


def test_a_device_of_torch_is_saved_by_its_name(moons, tmp_path):
    model = quick(device=torch.device("cpu"), spectralnet=QUICKEST).fit(moons)
    model.save(tmp_path)
    loaded = SpectralNet.load(tmp_path)
    assert loaded.device == "cpu"
    np.testing.assert_array_equal(loaded.predict(moons), model.labels_)


def test_a_fit_that_fails_or_is_interrupted_changes_nothing(moons, monkeypatch, tmp_path):
    def stop(*arguments):
        raise KeyboardInterrupt

    frame, others = pd.DataFrame(moons, columns=["a", "b"]), 50 * moons[:, [0, 1, 1]] + 1000
    model = quick(spectralnet=QUICKEST).fit(frame)
    before = dict(vars(model))
    with pytest.raises(ParameterError):
        model.set_params(n_clusters=1000).fit(others)
    model.set_params(n_clusters=2)
    monkeypatch.setattr(SpectralNet, "_keep", stop)
    for fit in (lambda: model.fit(others), lambda: model.partial_fit(frame + 1)):
        with pytest.raises(KeyboardInterrupt):
            fit()
    assert vars(model).keys() == before.keys()
    assert all(value is before[name] for name, value in vars(model).items())
    with pytest.raises(KeyboardInterrupt):
        (never := quick(spectralnet=QUICKEST)).fit(moons)
    for use in (never.predict, lambda _: never.save(tmp_path)):
        with pytest.raises(NotFittedError):
            use(moons)


def test_numpys_integers_are_as_good_as_others(moons, tmp_path):
    numbers = {"n_clusters": 2, "n_neighbors": 5, "n_components": 3, "random_state": 0}
    model = quick(**{name: np.int64(value) for name, value in numbers.items()}).fit(moons)
    np.testing.assert_array_equal(model.labels_, quick(**numbers).fit_predict(moons))
    model.save(tmp_path)
    assert SpectralNet.load(tmp_path).get_params() == model.get_params()


def test_the_documented_code_runs(tmp_path, monkeypatch, capsys):
    text = (ROOT / "docs/predict.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    assert len(code.splitlines()) <= 20
    short = {"hidden": [64, 64], "epochs": 8, "steps_per_epoch": 20}
    quick_code = code.replace("n_clusters=2,", f"n_clusters=2, spectralnet={short},")
    assert quick_code != code
    monkeypatch.chdir(tmp_path)
    exec(quick_code, {})  # noqa: S102
    assert "two moons, 100.0% right" in capsys.readouterr().out


@pytest.mark.parametrize(
    "around",
    [
        torch.no_grad,
        torch.inference_mode,
        lambda: torch.autocast("cpu", torch.bfloat16),
    ],
)
def test_what_surrounds_a_fit_does_not_reach_into_it(moons, around):
    expected = quick().fit(moons)
    with around():
        model = quick().fit(moons)
        clusters = model.predict(moons)
    np.testing.assert_array_equal(model.embedding_, expected.embedding_)
    np.testing.assert_array_equal(clusters, expected.labels_)


def test_tensors_of_any_kind_are_taken(moons):
    whole = torch.from_numpy(moons).bfloat16()
    expected = quick().fit_predict(whole.float())
    for points in (whole, whole.float().to_sparse()):
        np.testing.assert_array_equal(quick().fit_predict(points), expected)
