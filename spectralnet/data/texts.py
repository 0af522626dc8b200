"""Texts to feature rows: stems, weighted by how few texts hold them."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from nltk.stem.snowball import SnowballStemmer
from nltk.tokenize import RegexpTokenizer
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

from spectralnet.errors import DataError
from spectralnet.matrices import directions_of

_tokenizer = RegexpTokenizer(r"[^\W\d_]{2,}")  # letters of any alphabet
_stem = lru_cache(maxsize=2**17)(SnowballStemmer("english").stem)


def stems(text: str) -> list[str]:
    """Return the stems of a text's words, English stop words left out.

    NLTK's tokenizer and stemmer that need no download; the stop words are scikit-learn's,
    since NLTK's are one.
    """
    words = _tokenizer.tokenize(text.lower())
    return [_stem(word) for word in words if word not in ENGLISH_STOP_WORDS]


class Tfidf:
    """Texts to directions of stem frequencies, as `Columns` with `directions` scales them.

    Parameters
    ----------
    vocabulary : sequence of str
        The stems that count, one a column.
    idf : sequence of float
        The weight of each: log((1 + n) / (1 + documents that hold it)) + 1. A stem that
        occurs c times in a text counts (1 + log c) idf.
    """

    directions = True

    def __init__(self, vocabulary: Sequence[str], idf: Sequence[float]) -> None:
        self.vocabulary, self.idf = list(vocabulary), np.asarray(idf, dtype=np.float64)
        self.n_features = len(self.vocabulary)
        self._vectorizer = _vectorizer(vocabulary=self.vocabulary)
        self._vectorizer.idf_ = self.idf

    @property
    def config(self) -> dict[str, Any]:
        """What `build_preparation` builds this from."""
        return {"kind": "tfidf", "vocabulary": self.vocabulary, "idf": self.idf.tolist()}

    @classmethod
    def fit(cls, texts: Sequence[str], n_terms: int) -> "Tfidf":
        """Take the `n_terms` most frequent stems of texts, and their idf weights.

        Raises
        ------
        DataError
            If there is no stem at all.
        """
        vectorizer = _vectorizer(max_features=n_terms)
        try:
            vectorizer.fit(texts)
        except ValueError as error:  # scikit-learn's "empty vocabulary"
            raise DataError(
                f"{len(texts)} texts hold no word that is no stop word: is it text?"
            ) from error
        return cls(vectorizer.get_feature_names_out().tolist(), vectorizer.idf_)

    def transform(self, raw: Sequence[str]) -> csr_array:
        """Turn n texts into sparse rows; those of texts without a known stem are empty."""
        if isinstance(raw, str) or not all(isinstance(text, str) for text in raw):
            raise DataError("a sequence of texts is needed")
        if len(raw) == 0:  # scikit-learn refuses
            return csr_array((0, self.n_features), dtype=np.float32)
        return directions_of(csr_array(self._vectorizer.transform(raw)))


def _vectorizer(**arguments: Any) -> TfidfVectorizer:
    return TfidfVectorizer(analyzer=stems, sublinear_tf=True, dtype=np.float64, **arguments)
