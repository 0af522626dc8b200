import numpy as np
import pytest
from clones import ROOT
from scipy.sparse import csr_array
from scipy.stats import hypergeom
from sklearn.datasets import load_digits

from spectralnet.checks import check_features
from spectralnet.config.reading import read_params
from spectralnet.data.preparation import Columns
from spectralnet.data.sets.catalogue import SOURCES
from spectralnet.data.sets.dataset import Dataset
from spectralnet.data.sets.subsets import choose_known, held_out_mask, limit
from spectralnet.errors import DataError
from spectralnet.nets.batches import hold_out


def test_digits_are_scikit_learns_scaled(tmp_path, settings):
    dataset = SOURCES["digits"].load([tmp_path], settings)
    expected = load_digits()
    np.testing.assert_allclose(dataset.raw, expected.data)
    np.testing.assert_array_equal(dataset.labels, expected.target)
    features = dataset.fit(dataset.raw).transform(dataset.raw)
    np.testing.assert_allclose(features * 16, expected.data, atol=1e-5)
    assert features.dtype == np.float32
    assert dataset.image_shape == (8, 8)


def test_mnist5k_holds_five_hundred_images_of_each_digit(tmp_path, settings):
    dataset = SOURCES["mnist5k"].load([tmp_path], settings)
    features = dataset.fit(dataset.raw).transform(dataset.raw)
    assert features.shape == (5000, 784)
    assert (features.min(), features.max()) == (0, 1)
    np.testing.assert_array_equal(np.bincount(dataset.labels), np.full(10, 500))


@pytest.fixture
def dataset():
    raw = np.arange(50)[:, None]
    return Dataset(
        raw, np.arange(50), np.arange(50), np.arange(50) >= 40, lambda raw: Columns(1), "none"
    )


def test_limit_takes_a_seeded_subset_with_its_labels(dataset):
    subset = limit(dataset, 20, seed=3)
    assert len(subset.raw) == len(np.unique(subset.labels)) == 20
    np.testing.assert_array_equal(subset.raw[:, 0], subset.labels)
    np.testing.assert_array_equal(subset.is_test, subset.labels >= 40)
    np.testing.assert_array_equal(limit(dataset, 20, seed=3).labels, subset.labels)
    assert (limit(dataset, 20, seed=4).labels != subset.labels).any()
    assert limit(dataset, None, 0) is limit(dataset, 99, 0) is dataset


def test_the_official_test_part_is_held_out(dataset):
    np.testing.assert_array_equal(held_out_mask(dataset, "train", 0), np.arange(50) >= 40)
    assert not held_out_mask(dataset, "all", 0).any()


def test_without_an_official_test_part_a_seeded_fifth_is_held_out(dataset):
    mask = held_out_mask(dataset._replace(is_test=None), "train", 0)
    assert mask.sum() == 10
    np.testing.assert_array_equal(held_out_mask(dataset._replace(is_test=None), "train", 0), mask)


@pytest.mark.parametrize("at_once", [4, 2**22])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_named(bad, at_once, monkeypatch):
    monkeypatch.setattr("spectralnet.checks.NUMBERS_AT_ONCE", at_once)
    features = np.zeros((5, 4), dtype=np.float32)
    features[3, 2] = features[4, 1] = bad
    with pytest.raises(DataError, match=rf"in own 2 values .*\({bad}\) in row 3, column 2"):
        check_features(features, "own")


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (3,), (2, 2, 2)])
def test_features_have_to_be_a_matrix(shape):
    with pytest.raises(DataError, match="shape"):
        check_features(np.zeros(shape), "own")


def test_only_the_asked_part_of_the_labels_is_revealed():
    labels = np.arange(200) % 4
    known = choose_known(labels, 0.1, seed=0)
    assert np.count_nonzero(known >= 0) == 20
    np.testing.assert_array_equal(known[known >= 0], labels[known >= 0])
    np.testing.assert_array_equal(choose_known(labels, 0.1, seed=0), known)
    assert (choose_known(labels, 0.1, seed=1) != known).any()
    assert (choose_known(labels, 0.0, seed=0) == -1).all()
    assert np.count_nonzero(choose_known(labels[:40], 0.01, seed=0) >= 0) == 1


@pytest.mark.parametrize("seed", range(3))
def test_known_labels_are_not_what_trainings_hold_out(seed):
    labels = np.zeros(5000, dtype=np.int64)
    known = choose_known(labels, 0.1, seed) >= 0
    both = np.count_nonzero(known & hold_out(5000, 0.1, seed))
    assert hypergeom(5000, 500, 500).cdf(both) == pytest.approx(0.5, abs=0.499)


def test_the_part_is_one_of_the_labels_that_there_are():
    labels = np.where(np.arange(300) % 3 == 0, 1, -1)
    known = choose_known(labels, 0.5, seed=0)
    assert np.count_nonzero(known == 1) == 50
    assert (known[labels < 0] == -1).all()


def test_labels_that_are_not_there_cannot_be_revealed():
    with pytest.raises(DataError, match=r"labelled = 0.5, but no point has a label"):
        choose_known(np.full(10, -1), 0.5, seed=0)


@pytest.mark.parametrize("place", [(3, 2), (4, 0)])
def test_a_bad_value_of_a_sparse_matrix_is_found(place):
    x = np.eye(5, 4)
    x[place] = np.nan
    with pytest.raises(DataError, match=f"row {place[0]}, column {place[1]}"):
        check_features(csr_array(x), "own")


@pytest.fixture
def own():
    return read_params(ROOT / "params.yaml").datasets["own"]


def test_own_images_are_scaled_by_their_type(tmp_path, own):
    np.save(tmp_path / "x.npy", np.full((3, 2, 2), 51, dtype=np.uint8))
    dataset = SOURCES["own"].load([], own.model_copy(update={"path": str(tmp_path / "x.npy")}))
    assert dataset.image_shape == (2, 2)
    np.testing.assert_allclose(dataset.fit(dataset.raw).transform(dataset.raw), 0.2, rtol=1e-6)
    with pytest.raises(DataError, match="white is 255, but their brightest pixel is 1: give flo"):
        dataset.fit(np.ones((2, 2, 2), dtype=np.uint8))  # a mask would be all but black


def test_a_column_may_be_called_by_a_number(own):
    options = own.model_dump(include={"path"}) | {"labels": 2020, "text": 7}
    named = SOURCES["own"].options.model_validate(options)
    assert (named.labels, named.text) == ("2020", "7")


def test_own_images_of_other_types_are_scaled_by_the_brightest_pixel_that_is_fitted(tmp_path, own):
    np.save(tmp_path / "x.npy", np.array([1.0, 2.0, 3.0]).reshape(3, 1, 1))
    dataset = SOURCES["own"].load([], own.model_copy(update={"path": str(tmp_path / "x.npy")}))
    fitted = dataset.fit(dataset.raw[:2])
    assert fitted.transform(dataset.raw).ravel().tolist() == [0.5, 1, 1]
    for dark in (dataset.raw - 8, np.zeros((2, 1, 1))):  # such as decibels; or nothing at all
        with pytest.raises(DataError, match=r"images hold values from .*: shift them so that"):
            dataset.fit(dark)


def test_how_columns_of_own_svmlight_count_is_kept(tmp_path, own):
    (tmp_path / "x.svm").write_text("1 1:3 2:4\n2 1:5\n")
    (tmp_path / "y.svm").write_text("1 0:3 2:4\n2 1:5\n")
    for name, zero_based in (("x.svm", False), ("y.svm", True)):
        changed = own.model_copy(update={"path": str(tmp_path / name), "scaling": "directions"})
        dataset = SOURCES["own"].load([], changed)
        assert dataset.fit(dataset.raw).config["zero_based"] is zero_based


def test_own_numbers_are_scaled_by_what_is_fitted(tmp_path, own):
    np.save(tmp_path / "x.npy", np.array([[1.0], [3.0], [9.0]]))
    dataset = SOURCES["own"].load([], own.model_copy(update={"path": str(tmp_path / "x.npy")}))
    np.testing.assert_allclose(dataset.fit(dataset.raw[:2]).transform(dataset.raw).T, [[-1, 1, 7]])
    assert dataset.labels.tolist() == [-1, -1, -1]
