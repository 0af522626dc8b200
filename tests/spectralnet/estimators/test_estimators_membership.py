"""What estimators say beside clusters: probabilities, outliers, noise, numbers, nested clusters."""

from io import StringIO

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from clones import ROOT
from safetensors.torch import load_file, save_file
from scipy.cluster.hierarchy import fcluster
from sklearn.datasets import make_moons
from sklearn.metrics import adjusted_rand_score

from spectralnet import DEC, SpectralNet
from spectralnet.cli import main
from spectralnet.errors import DataError, ParameterError
from spectralnet.folders import MANIFEST
from spectralnet.methods.model import ClusterModel
from spectralnet.methods.predictor import Predictor, as_frame
from spectralnet.serving.export import export_onnx

QUICK = {"hidden": [32, 32], "epochs": 3, "steps_per_epoch": 30}
GROUPS = 32
FAR = np.array([[40.0, 40.0], [-60.0, 3.0]])


@pytest.fixture(scope="module")
def moons():
    return make_moons(200, noise=0.05, random_state=0)[0]


@pytest.fixture(scope="module")
def fitted(moons):
    return SpectralNet(2, noise=0.1, spectralnet=QUICK, random_state=0).fit(moons)


def test_noise_is_the_part_that_is_farthest_and_new_points_are_judged_alike(fitted, moons):
    assert np.count_nonzero(fitted.labels_ == -1) == 20
    np.testing.assert_array_equal(
        fitted.labels_ == -1, fitted.outlier_scores_.argsort().argsort() >= 180
    )
    np.testing.assert_array_equal(fitted.predict(moons), fitted.labels_)
    np.testing.assert_allclose(fitted.outlier_score(moons), fitted.outlier_scores_, atol=1e-3)
    assert (fitted.predict(FAR) == -1).all()
    assert (fitted.outlier_score(FAR) > fitted.outlier_scores_.max()).all()


def test_probabilities_are_of_the_clusters_and_fade_far_away(fitted, moons):
    shares = fitted.predict_proba(moons)
    assert shares.shape == (200, 2)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    inside = fitted.labels_ >= 0
    np.testing.assert_array_equal(shares.argmax(axis=1)[inside], fitted.labels_[inside])
    assert fitted.predict_proba(FAR).max() < 0.51
    assert shares[inside].max(axis=1).mean() > 0.7


def test_files_bring_all_of_it_back(fitted, moons, tmp_path):
    fitted.save(tmp_path)
    loaded = SpectralNet.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict_proba(moons), fitted.predict_proba(moons))
    np.testing.assert_array_equal(loaded.outlier_scores_, fitted.outlier_scores_)
    np.testing.assert_array_equal(loaded.cut(5), fitted.cut(5))
    np.testing.assert_array_equal(loaded.cut(5, moons), fitted.cut(5, moons))
    np.testing.assert_array_equal(loaded.linkage_, fitted.linkage_)
    frame = as_frame(Predictor.load(tmp_path).predict(moons))
    assert frame.columns.tolist() == ["cluster", "distance", "probability", "outlier_score"]
    np.testing.assert_array_equal(frame["cluster"], fitted.labels_)
    np.testing.assert_array_equal(frame["probability"], fitted.predict_proba(moons).max(axis=1))
    shares = as_frame(Predictor.load(tmp_path).predict(moons), probabilities=True)
    assert shares.columns[:4].tolist() == frame.columns.tolist()
    columns = shares[["probability_0", "probability_1"]]
    np.testing.assert_array_equal(columns, fitted.predict_proba(moons))
    np.save(tmp_path / "x.npy", moons)
    asked = [str(tmp_path), str(tmp_path / "x.npy"), "--n-clusters"]
    for k in (1, 2, 5):
        done = CliRunner().invoke(main, ["predict", *asked, str(k)])
        table = pd.read_csv(StringIO(done.stdout))
        np.testing.assert_array_equal(table["cluster"], fitted.cut(k, moons))
        assert table.columns.tolist() == ["cluster", "distance", "outlier_score"]
    refused = CliRunner().invoke(main, ["predict", *asked, "99"])
    assert f"n_clusters = 99: the hierarchy of this model gives 1 to {GROUPS} " in refused.output


def test_a_cut_splits_and_joins_the_clusters(fitted, moons):
    inside = fitted.labels_ >= 0
    pairs = set(zip(fitted.cut(2)[inside], fitted.labels_[inside], strict=True))
    assert len(pairs) == 2
    for k in (1, 2, 6, GROUPS):
        groups = fcluster(fitted.linkage_, k, "maxclust")
        expected = groups[fitted.model_.hierarchy.labels[inside]]
        assert adjusted_rand_score(fitted.cut(k)[inside], expected) == 1
    assert np.mean(fitted.cut(6, moons) == fitted.cut(6)) > 0.98
    assert (fitted.cut(3, FAR) == -1).all()
    with pytest.raises(ParameterError, match=f"n_clusters = 99: .* 1 to {GROUPS} clusters"):
        fitted.cut(99)


def test_the_number_is_chosen_in_a_range(moons):
    model = SpectralNet((2, 4), spectralnet=QUICK, random_state=0).fit(moons)
    assert 2 <= model.n_clusters_ <= 4
    assert set(model.labels_) == set(range(model.n_clusters_))
    assert model.embedding_.shape[1] <= model.n_clusters_ + 6
    for estimator in (SpectralNet("many"), SpectralNet((4, 2)), DEC("auto")):
        with pytest.raises(ParameterError, match="n_clusters = "):
            estimator.fit(moons)


def test_affinities_have_no_noise(moons):
    affinities = np.exp(-np.square(moons[:, None] - moons).sum(axis=2) / 0.1)
    np.fill_diagonal(affinities, 0)
    model = SpectralNet(2, affinity="precomputed", spectralnet=QUICK, random_state=0)
    model.outlier_scores_ = "of a former fit"
    assert np.isnan(model.fit(affinities).outlier_score(affinities)).all()
    assert not hasattr(model, "outlier_scores_")
    np.testing.assert_allclose(model.predict_proba(affinities).sum(axis=1), 1, rtol=1e-5)
    with pytest.raises(ParameterError, match="noise = 'auto': with affinity = precomputed"):
        model.set_params(noise="auto").fit(affinities)


@pytest.mark.parametrize("name", ["sharpness", "middle", "threshold"])
def test_a_membership_that_is_no_number_is_refused(fitted, tmp_path, name):
    fitted.save(tmp_path / "model")
    weights = load_file(tmp_path / "model/model.safetensors")
    weights[f"membership.{name}"] = torch.full_like(weights[f"membership.{name}"], torch.nan)
    save_file(weights, tmp_path / "model/model.safetensors")
    (tmp_path / "model" / MANIFEST).unlink()
    with pytest.raises(DataError, match="is damaged: what it says of membership"):
        SpectralNet.load(tmp_path / "model")


def test_a_graph_of_a_model_that_leaves_noise_out_is_refused(fitted, tmp_path):
    predictor = Predictor(fitted.preparation_, fitted.model_)
    with pytest.raises(DataError, match="the model leaves noise out, which the graph does not"):
        export_onnx(predictor, tmp_path / "model.onnx")


def test_a_model_of_a_former_version_tells_its_clusters_alone(fitted, moons, tmp_path):
    ours = fitted.model_
    former = ClusterModel(
        ours.encoder, ours.embedder, ours.spectral_map, ours.centroids, ours.weights
    )
    Predictor(fitted.preparation_, former).save(tmp_path)
    assigned = Predictor.load(tmp_path).predict(moons)
    assert as_frame(assigned).columns.tolist() == ["cluster", "distance"]
    with pytest.raises(DataError, match="the model tells no probabilities"):
        as_frame(assigned, probabilities=True)
    old = SpectralNet(2)
    vars(old).update(vars(fitted))
    old.model_ = former
    with pytest.raises(DataError, match="fit it again"):
        old.predict_proba(moons)
    del old.linkage_
    old.save(tmp_path / "again")
    loaded = SpectralNet.load(tmp_path / "again")
    np.testing.assert_array_equal(loaded.predict(moons), old.predict(moons))
    with pytest.raises(DataError, match="fit it again"):
        loaded.cut(3)
    with pytest.raises(ParameterError, match="n_clusters = 3: this model has no hierarchy to cut"):
        Predictor.load(tmp_path / "again").predict(moons, n_clusters=3)


def test_the_documented_code_runs(capsys):
    text = (ROOT / "docs/membership.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    quick = code.replace("random_state=0).fit", f"random_state=0, spectralnet={QUICK}).fit")
    assert quick != code
    names = {}
    exec(quick, names)  # noqa: S102
    assert names["far"] == [-1]
    assert "of the scattered points are noise" in capsys.readouterr().out


def test_of_many_points_a_sample_tells_what_lasts(moons, fitted, monkeypatch):
    monkeypatch.setattr("spectralnet.methods.spectralnet.SAMPLED", (150, 120))
    sampled = SpectralNet(2, noise=0.1, spectralnet=QUICK, random_state=0).fit(moons)
    assert sampled.model_.membership.sharpness != fitted.model_.membership.sharpness
    inside = (sampled.labels_ >= 0) & (fitted.labels_ >= 0)
    np.testing.assert_array_equal(sampled.labels_[inside], fitted.labels_[inside])
    shares, expected = sampled.predict_proba(moons), fitted.predict_proba(moons)
    assert np.abs(shares - expected).mean() < 0.1
