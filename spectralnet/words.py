"""Texts to stems."""

from functools import lru_cache

from nltk.stem.snowball import SnowballStemmer
from nltk.tokenize import RegexpTokenizer
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

_tokenizer = RegexpTokenizer(r"[^\W\d_]{2,}")  # letters of any alphabet
_stem = lru_cache(maxsize=2**17)(SnowballStemmer("english").stem)


def stems(text: str) -> list[str]:
    """Return the stems of a text's words, English stop words left out.

    NLTK's tokenizer and stemmer that need no download; the stop words are scikit-learn's,
    since NLTK's are one.
    """
    words = _tokenizer.tokenize(text.lower())
    return [_stem(word) for word in words if word not in ENGLISH_STOP_WORDS]
