import re
import warnings

import numpy as np
import pytest
import torch
from clones import ROOT
from scipy.sparse import csr_array
from sklearn.datasets import make_blobs, make_moons

from spectralnet import DEC, DualAutoencoder, SpectralNet
from spectralnet.clusters.scores import accuracy
from spectralnet.errors import DataError, ParameterError
from spectralnet.estimators import growing
from spectralnet.methods.growing.model import _grown_number

QUICK = {"hidden": [32, 32], "epochs": 8, "steps_per_epoch": 10}


@pytest.fixture(scope="module")
def blobs():
    """Five groups, the last one late."""
    x, labels = make_blobs(500, centers=5, cluster_std=0.6, center_box=(-9, 9), random_state=3)
    order = np.lexsort((np.random.default_rng(0).random(500), labels == 4))
    return x[order], labels[order]


def quick(n_clusters=4, **changes):
    return SpectralNet(n_clusters, spectralnet=QUICK, **{"random_state": 0} | changes)


def same(one, other):
    for name in ("labels_", "embedding_", "cluster_centers_", "eigenvalues_", "outlier_scores_"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_points_come_in_parts_and_clusters_keep_their_numbers(blobs, tmp_path):
    x, labels = blobs[0][:400], blobs[1][:400]
    model = quick().partial_fit(x[:200])
    same(model, quick().fit(x[:200]))
    assert not hasattr(model, "rayleigh_ratio_")
    model.save(tmp_path)
    loaded, former, map_before = SpectralNet.load(tmp_path), model.labels_, model.model_
    weights = [p.clone() for p in map_before.parameters()]
    for part in (x[200:300], x[300:]):
        model.partial_fit(part)
        np.testing.assert_array_equal(model.labels_[:200], former)
        assert model.n_moved_ == 0
        assert not model.novel_.any()
        assert model.new_clusters_.size == 0
        assert model.rayleigh_ratio_ < growing.MISFIT
        same(loaded.partial_fit(part), model)
    assert accuracy(labels, model.labels_) > 0.99
    np.testing.assert_array_equal(model.predict(x), model.labels_)
    assert model.n_clusters_ == 4
    assert len(model.history_["spectralnet"]) == 2  # a quarter of the epochs
    for own, before in zip(map_before.parameters(), weights, strict=True):
        assert (own == before).all()
    assert not hasattr(model.fit(x[:50]), "n_moved_")


def test_a_cluster_never_seen_is_told_and_may_get_a_number_of_its_own(blobs):
    x, labels = blobs
    for n_clusters, expected in ((4, 4), ((2, 6), 5)):
        model = quick(n_clusters).fit(x[:400])
        former = model.labels_
        with pytest.warns(UserWarning, match=r"100 of 100 new|does not fit") as told:
            model.partial_fit(x[400:])
        sought = re.compile(f"100 of 100 new .* was 4 and is {expected} now")
        assert any(sought.match(str(warning.message)) for warning in told)
        assert model.novel_.all()
        assert model.n_clusters_ == expected
        if expected == 5:
            np.testing.assert_array_equal(model.new_clusters_, [4])
            np.testing.assert_array_equal(model.labels_[:400], former)
            assert accuracy(labels, model.labels_) == 1


def test_two_new_clusters_get_a_new_net():
    x, labels = make_moons(200, noise=0.04, random_state=0)
    late, more = make_moons(200, noise=0.04, random_state=1)
    # Landmarks tell moons apart in few steps.
    short = {**QUICK, "epochs": 20, "landmarks": 128, "sampler": "edges"}
    model = SpectralNet((2, 4), spectralnet=short, random_state=0).fit(x)
    with pytest.warns(UserWarning, match=r"200 of 200 new|does not fit"):
        model.partial_fit(late + np.array([6, 0]))
    assert len(model.history_["spectralnet"]) > 5  # in place of a quarter of them
    assert accuracy(np.concatenate([labels, more + 2]), model.labels_) > 0.99


def test_a_net_of_eigenvectors_is_fitted_anew():
    """Those of the grown graph have other signs."""
    x, labels = make_moons(800, noise=0.07, random_state=1)
    short = {"sampler": "eigenvectors", "hidden": [64, 64], "epochs": 6, "steps_per_epoch": 50}
    model = SpectralNet(2, spectralnet=short, random_state=0).fit(x[:600]).partial_fit(x[600:])
    assert accuracy(labels, model.labels_) > 0.99
    assert model.n_moved_ < 10


def test_more_components_come_from_the_estimators_own_seed():
    x, embeddings = make_moons(150, noise=0.05, random_state=0)[0], []
    for seed in (0, 1):
        model = quick(2, n_components=3).fit(x[:120])
        torch.manual_seed(seed)
        embeddings.append(model.set_params(n_components=6).partial_fit(x[120:]).embedding_)
    assert embeddings[0].shape == (150, 6)
    np.testing.assert_array_equal(*embeddings)


@pytest.mark.parametrize(
    ("own", "lowest", "highest", "is_novel", "expected"),
    [
        (3, 2, 6, False, 3),
        (3, 2, 6, True, (4, 6)),
        (3, 6, 8, False, (6, 8)),
        (3, 6, 8, True, (6, 8)),
        (6, 2, 6, True, 6),
    ],
)
def test_the_number_grows_within_its_range(own, lowest, highest, is_novel, expected):
    assert _grown_number(own, lowest, highest, is_novel) == expected


@pytest.mark.parametrize("space", ["input", "code"])
def test_a_learned_metric_and_noise_stay(space, tmp_path):
    x = make_moons(120, noise=0.05, random_state=0)[0]
    short = {"epochs": 1}
    model = quick(
        2, affinity="siamese", space=space, siamese=short, autoencoder=short, noise=0.1
    ).fit(x[:80])
    embedder = model.model_.embedder
    with warnings.catch_warnings(action="ignore"):  # of one epoch's metric
        model.partial_fit(x[80:])
    assert model.model_.embedder is embedder
    assert set(model.labels_) == {-1, 0, 1}
    np.testing.assert_array_equal(model.predict(x), model.labels_)
    assert np.count_nonzero(model.labels_ == -1) == 12


def test_what_cannot_grow_says_so(blobs, tmp_path, monkeypatch):
    x = blobs[0][:100]
    model = quick().fit(x)
    with pytest.raises(ParameterError, match="n_clusters = 3 is below the 4 that were fitted"):
        model.set_params(n_clusters=3).partial_fit(x)
    with pytest.raises(ValueError, match="X has 1 features, but SpectralNet is expecting 2"):
        model.partial_fit(x[:, :1])
    with pytest.raises(ParameterError, match="affinity = precomputed: such a model cannot grow"):
        quick(affinity="precomputed").partial_fit(np.eye(5))
    told = quick(semi_supervised=True).fit(x, np.full(100, -1))
    with pytest.raises(ParameterError, match="y: labels of points that come later are not read"):
        told.partial_fit(x[:2], [-1, 3])
    directions = quick(metric="cosine").fit(x)
    with pytest.raises(DataError, match="2 rows are 0, the first row 0"):
        directions.partial_fit(np.zeros((2, 2)))
    directions.partial_fit(csr_array(x[:20]))  # sparse rows, after dense ones
    assert len(directions.labels_) == 120
    monkeypatch.setattr(growing, "MOST_SAVED", 1000)
    with pytest.warns(UserWarning, match="are not saved: what is loaded predicts"):
        model.save(tmp_path)
    with pytest.raises(DataError, match="saved without its points"):
        SpectralNet.load(tmp_path).partial_fit(x)
    assert not hasattr(DEC(), "partial_fit")
    assert not hasattr(DualAutoencoder(), "partial_fit")


def test_points_that_are_not_those_of_the_model_are_refused(blobs, tmp_path):
    quick().fit(blobs[0][:100]).save(tmp_path)
    (tmp_path / "manifest.json").unlink()
    np.save(tmp_path / "points_dense.npy", np.zeros((99, 2), dtype=np.float32))
    with pytest.raises(DataError, match="is damaged: points of shape"):
        SpectralNet.load(tmp_path)


def test_the_documented_code_runs(capsys):
    text = (ROOT / "docs/growing.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    quick_code = code.replace("random_state=0).fit", f"random_state=0, spectralnet={QUICK}).fit")
    assert quick_code != code
    names = {}
    with pytest.warns(UserWarning, match="lie where none was before"):
        exec(quick_code, names)  # noqa: S102
    assert names["model"].n_clusters_ == 3
    assert capsys.readouterr().out.startswith("0 of 400 moved")
