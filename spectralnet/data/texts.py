"""Texts to feature rows: stems, or groups of letters, weighted by how few texts hold them."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from nltk.stem.snowball import SnowballStemmer
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

from spectralnet.errors import DataError
from spectralnet.matrices import directions_of

_SIGNS = str.maketrans("™℠", "  ")  # which NFKC would write out, as parts of words
_JOINERS = (0x200C, 0x200D)  # inside words of Persian, Hindi and others
_SAMPLE = 2000  # texts by which the kind of terms is chosen
_RECURRING = 0.25  # of the letters: in English texts most are, in Chinese ones hardly any
_USUAL = 64  # letters of a word
_stem = lru_cache(maxsize=2**17)(SnowballStemmer("english").stem)


def stems(text: str) -> list[str]:
    """Return the stems of a text's words of two letters or more, English stop words left out.

    NLTK's stemmer, which needs no download; the stop words are scikit-learn's, since NLTK's are
    one.
    """
    words = [word for word in _runs(text) if len(word) > 1]
    kept = (word for word in words if word not in ENGLISH_STOP_WORDS)
    # Only of usual words, or what a server is sent would fill its memory.
    return [(_stem if len(word) <= _USUAL else _stem.__wrapped__)(word) for word in kept]


def letters(text: str) -> list[str]:
    """Return the twos and threes of letters that stand side by side in a text."""
    return [run[i : i + n] for run in _runs(text) for n in (2, 3) for i in range(len(run) - n + 1)]


def _runs(text: str) -> list[str]:
    """Return what stands between all that is no letter, small, and what looks alike as one."""
    alike = unicodedata.normalize("NFKC", text.translate(_SIGNS)).lower()
    return alike.translate(_LETTERS).split()


class _Letters(dict[int, int]):
    """For `str.translate`: letters of any alphabet, and marks on them, stay; others are blanks."""

    def __missing__(self, code: int) -> int:
        stays = unicodedata.category(chr(code))[0] in "LM" or code in _JOINERS
        letter = code if stays else ord(" ")
        if code < 2**16:  # beyond are too many to keep
            self[code] = letter
        return letter


_LETTERS = _Letters()
Terms = Literal["stems", "letters"]
TERMS: dict[Terms, Callable[[str], list[str]]] = {"stems": stems, "letters": letters}


def choose_terms(texts: Sequence[str]) -> Terms:
    """Choose letters where words hardly recur, as in scripts that put no blanks between them.

    Then nearly every word would be in one text alone, and no text like another.
    """
    held = [set(stems(text)) for text in texts[:: -(-len(texts) // _SAMPLE)]]
    counts = Counter(stem for stems_in in held for stem in stems_in)
    total = sum(len(stem) * n for stem, n in counts.items())
    recurring = sum(len(stem) * n for stem, n in counts.items() if n > 1)
    return "letters" if recurring < _RECURRING * total else "stems"


class Tfidf:
    """Texts to directions of term frequencies, as `Columns` with `directions` scales them.

    Parameters
    ----------
    vocabulary : sequence of str
        The terms that count, one a column.
    idf : sequence of float
        The weight of each: log((1 + n) / (1 + documents that hold it)) + 1. A term that
        occurs c times in a text counts (1 + log c) idf.
    terms : {"stems", "letters"}
        What terms are: of words, or groups of letters.
    """

    directions = True

    def __init__(
        self, vocabulary: Sequence[str], idf: Sequence[float], terms: Terms = "stems"
    ) -> None:
        self.vocabulary, self.idf = list(vocabulary), np.asarray(idf, dtype=np.float64)
        self.terms = terms
        self.n_features = len(self.vocabulary)
        self._vectorizer = _vectorizer(terms, vocabulary=self.vocabulary)
        self._vectorizer.idf_ = self.idf

    @property
    def config(self) -> dict[str, Any]:
        """What `build_preparation` builds this from."""
        return {
            "kind": "tfidf",
            "vocabulary": self.vocabulary,
            "idf": self.idf.tolist(),
            "terms": self.terms,
        }

    @classmethod
    def fit(cls, texts: Sequence[str], n_terms: int) -> "Tfidf":
        """Take the `n_terms` most frequent terms of texts, and their idf weights.

        What terms are is chosen by `choose_terms`.

        Raises
        ------
        DataError
            If there is no term at all.
        """
        terms = choose_terms(texts)
        vectorizer = _vectorizer(terms, max_features=n_terms)
        try:
            vectorizer.fit(texts)
        except ValueError as error:  # scikit-learn's "empty vocabulary"
            raise DataError(
                f"{len(texts)} texts hold no word that is no stop word: is it text?"
            ) from error
        return cls(vectorizer.get_feature_names_out().tolist(), vectorizer.idf_, terms)

    def transform(self, raw: Sequence[str]) -> csr_array:
        """Turn n texts into sparse rows; those of texts without a known term are empty."""
        if isinstance(raw, str) or not all(isinstance(text, str) for text in raw):
            raise DataError("a sequence of texts is needed")
        if len(raw) == 0:  # scikit-learn refuses
            return csr_array((0, self.n_features), dtype=np.float32)
        return directions_of(csr_array(self._vectorizer.transform(raw)))


def _vectorizer(terms: Terms, **arguments: Any) -> TfidfVectorizer:
    return TfidfVectorizer(analyzer=TERMS[terms], sublinear_tf=True, dtype=np.float64, **arguments)
