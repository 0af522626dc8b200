import json
import unicodedata

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import MinMaxScaler, StandardScaler, normalize
from toys import chinese

from spectralnet.data import texts
from spectralnet.data.pixels import Pixels
from spectralnet.data.preparation import Columns, build_preparation, fit_columns
from spectralnet.data.texts import Tfidf, letters, stems
from spectralnet.errors import DataError

TEXTS = ["Fishes fished; the fish!", "A bird, two birds and a fish.", "the and of 42"]


@pytest.fixture
def numbers():
    x = np.random.default_rng(0).normal(3, 2, (20, 4))
    x[:, 2] = 7  # constant
    return x


def test_stop_words_and_numbers_are_no_stems():
    assert stems(TEXTS[0]) == ["fish", "fish", "fish"]
    assert stems(TEXTS[2]) == []
    assert stems("Größe naïve") == ["größe", "naïv"]
    assert stems("हिन्दी") == ["हिन्दी"]  # whose vowels are marks
    assert stems("می\u200cکنم") == ["می\u200cکنم"]  # with a joiner


def test_tfidf_is_the_textbooks():
    """(1 + log count) (log((1 + n) / (1 + df)) + 1), rows of mean square 1."""
    tfidf = Tfidf.fit(TEXTS, 2)
    assert tfidf.vocabulary == ["bird", "fish"]
    idf = np.log(4 / np.array([2, 3])) + 1
    expected = np.array([[0, 1 + np.log(3)], [1 + np.log(2), 1]]) * idf
    found = tfidf.transform(TEXTS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:2].toarray(), normalize(expected) * np.sqrt(2), rtol=1e-6)
    assert found[[2]].nnz == 0
    counts = csr_array([[0, 3], [2, 1], [0, 0]])
    theirs = TfidfTransformer(sublinear_tf=True).fit_transform(counts).toarray()
    np.testing.assert_allclose(found.toarray() / np.sqrt(2), theirs, rtol=1e-6)


def test_texts_without_words_cannot_be_fitted():
    with pytest.raises(DataError, match="2 texts hold no word"):
        Tfidf.fit(["the", "and of"], 5)
    with pytest.raises(DataError, match="a sequence of texts"):
        Tfidf.fit(TEXTS, 5).transform("fish")


def test_texts_without_blanks_are_clustered_as_those_with_blanks():
    found = {}
    for blank in ("", " "):
        texts, topics = chinese(120, blank)
        tfidf = Tfidf.fit(texts, 2000)
        clusters = KMeans(3, n_init=5, random_state=0).fit_predict(tfidf.transform(texts))
        assert adjusted_rand_score(topics, clusters) == 1
        found[blank] = tfidf.terms
        again = build_preparation(json.loads(json.dumps(tfidf.config)))
        assert abs(again.transform(texts) - tfidf.transform(texts)).max() == 0
    assert found == {"": "letters", " ": "stems"}


def test_letters_are_taken_by_twos_and_threes():
    assert letters("天气很好。Hi!") == ["天气", "气很", "很好", "天气很", "气很好", "hi"]
    assert letters("กี่ 7") == ["กี", "ี่", "กี่"]  # marks belong to their letter


def test_texts_that_look_alike_have_the_same_terms():
    for text in ("élève naïve", "\uff21\uff22\uff23 ﬁnal ｶﾞ"):
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            other = unicodedata.normalize(form, text)
            assert stems(other) == stems(text)
            assert letters(other) == letters(text)
    assert stems("Kindle™ \uff57heat") == ["kindl", "wheat"]


@pytest.mark.parametrize(
    ("scaling", "scaler"), [("standard", StandardScaler()), ("range", MinMaxScaler())]
)
def test_columns_are_scaled_as_by_scikit_learn(numbers, scaling, scaler):
    found = fit_columns(numbers, scaling).transform(numbers)
    np.testing.assert_allclose(found, scaler.fit_transform(numbers), atol=1e-6)
    with pytest.raises(DataError, match=f"scaling = {scaling} would fill a sparse matrix"):
        fit_columns(csr_array(numbers), scaling)


def test_numbers_beyond_floats_are_refused_or_infinite_in_silence(numbers):
    numbers[0, 2] = 1e300
    with pytest.raises(DataError, match="column 2 holds numbers too large to scale"):
        fit_columns(numbers, "standard")
    assert np.argwhere(np.isinf(Columns(4).transform(numbers))).tolist() == [[0, 2]]


@pytest.mark.parametrize(
    ("scaling", "scaler"), [("standard", StandardScaler()), ("range", MinMaxScaler())]
)
@pytest.mark.parametrize("tiny", [1e-200, 1e-310])
def test_a_column_that_all_but_stays_is_not_blown_up(numbers, scaling, scaler, tiny):
    numbers[::2, 2] = 0
    numbers[1::2, 2] = tiny
    found = fit_columns(numbers, scaling).transform(numbers)
    assert 0 <= np.abs(found[:, 2]).max() <= 1
    others = [0, 1, 3]
    expected = scaler.fit_transform(numbers[:, others])
    np.testing.assert_allclose(found[:, others], expected, atol=1e-6)


def test_directions_have_mean_square_one_dense_or_sparse(numbers):
    dense = fit_columns(numbers, "directions").transform(numbers)
    np.testing.assert_allclose((dense**2).mean(axis=1), 1, rtol=1e-6)
    sparse = fit_columns(csr_array(numbers), "directions").transform(csr_array(numbers))
    np.testing.assert_allclose(sparse.toarray(), dense, rtol=1e-6)
    kept = Columns(4, keep=[3, 0]).transform(csr_array(numbers))
    np.testing.assert_array_equal(kept.toarray(), numbers[:, [3, 0]].astype(np.float32))


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_what_is_no_number_has_no_direction(numbers, kind, monkeypatch):
    monkeypatch.setattr("spectralnet.data.preparation.NUMBERS_AT_ONCE", 8)
    numbers[7, 1] = np.nan
    with pytest.raises(DataError, match=r"in the samples 1 values .* in row 7, column 1"):
        Columns(4, directions=True).transform(kind(numbers))


def test_images_come_flat_or_not():
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    pixels = Pixels((3, 4), 255)
    np.testing.assert_allclose(pixels.transform(images), images.reshape(2, 12) / 255, rtol=1e-6)
    np.testing.assert_array_equal(pixels.transform(images.reshape(2, 12)), pixels.transform(images))
    with pytest.raises(DataError, match=r"shape \(2, 4, 3\): \(n, 3, 4\) or \(n, 12\)"):
        pixels.transform(images.reshape(2, 4, 3))


def test_a_preparation_is_rebuilt_from_json(numbers):
    for preparation, raw in (
        (Tfidf.fit(TEXTS, 2), TEXTS),
        (fit_columns(numbers, "standard"), numbers),
        (Columns(4, [1, 2], directions=True), csr_array(numbers)),
        (Pixels((2, 2), 16), numbers),
    ):
        again = build_preparation(json.loads(json.dumps(preparation.config)))
        assert again.n_features == preparation.n_features
        assert abs(again.transform(raw) - preparation.transform(raw)).max() == 0
    former = {name: value for name, value in Columns(4).config.items() if name != "zero_based"}
    assert build_preparation(former).zero_based is None
    with pytest.raises(DataError, match="'sound': choose one of pixels, columns, tfidf"):
        build_preparation({"kind": "sound"})


@pytest.mark.parametrize(
    ("preparation", "nothing"),
    [
        (Tfidf.fit(TEXTS, 5), []),
        (Columns(4, directions=True), np.empty((0, 4))),
        (Columns(4, directions=True), csr_array((0, 4))),
        (Pixels((2, 2), 255), np.empty((0, 2, 2), dtype=np.uint8)),
    ],
)
def test_no_samples_give_no_rows(preparation, nothing):
    rows = preparation.transform(nothing)
    assert rows.shape == (0, preparation.n_features)
    assert rows.dtype == np.float32


def test_pixels_of_another_range_are_refused():
    pixels = Pixels((2, 2), 255)
    shades = np.array([[[0, 80], [160, 255]]], dtype=np.uint8)
    np.testing.assert_allclose(pixels.transform(shades) * 255, shades.reshape(1, 4))
    assert pixels.transform(np.zeros((1, 4))).max() == 0  # all black is an image, too
    for other in (shades / 255, shades.astype(np.uint16) * 257):
        with pytest.raises(DataError, match=r"brightest pixel is .*, but white is 255"):
            pixels.transform(other)


def test_columns_of_a_table_go_by_name():
    columns = Columns(3, shift=[1.0, 2, 3], names=["a", "b", "c"])
    table = pd.DataFrame({"c": [7.0], "extra": [0.0], "a": [5.0], "b": [6.0]})
    assert columns.transform(table).tolist() == [[4, 4, 4]]
    with pytest.raises(DataError, match="the table has no column 'b', one of"):
        columns.transform(table.drop(columns="b"))
    for wrong in (pd.Timestamp("2020-01-01"), "red"):
        with pytest.raises(DataError, match=r"column 'b' holds .* in row 0, which is no number"):
            columns.transform(table.assign(b=[wrong]))


def test_no_word_of_many_letters_is_kept_in_memory():
    kept = texts._stem.cache_info().currsize
    assert texts.stems("ay" * 100 + " usual") == ["ay" * 100, "usual"]
    assert texts._stem.cache_info().currsize - kept <= 1
    assert texts.stems("a\U00020000b\U0001f600c") == ["a\U00020000b"]
    assert max(texts._LETTERS) < 2**16


@pytest.mark.parametrize("scaling", ["standard", "range", "none"])
def test_columns_are_fitted_and_scaled_alike_in_blocks(numbers, scaling, monkeypatch):
    preparation = fit_columns(numbers, scaling)
    expected = preparation.transform(numbers)
    monkeypatch.setattr("spectralnet.data.preparation.NUMBERS_AT_ONCE", 2 * numbers.shape[1])
    monkeypatch.setattr("spectralnet.matrices.NUMBERS_AT_ONCE", 2 * numbers.shape[1])
    blocked = fit_columns(numbers, scaling)
    np.testing.assert_array_equal(preparation.transform(numbers), expected)
    np.testing.assert_allclose(blocked.transform(numbers), expected, rtol=1e-6)
