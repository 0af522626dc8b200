"""Reuters-21578 in NLTK's edition (ApteMod): single-topic documents of the largest topics."""

import hashlib
import html
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import nltk
import numpy as np
from nltk.corpus.reader import CategorizedPlaintextCorpusReader
from nltk.data import ZipFilePathPointer
from numpy.typing import NDArray

from spectralnet.data.files import ARCHIVE_ERRORS
from spectralnet.errors import DataError, ParameterError

# Of every document's name, topics and text, in the order of the names.
SHA256 = "3bc5416f68e1ef3ad97872f9942da81e898afb1b2e36d2c14509ac7114fb6c2d"


class Documents(NamedTuple):
    """Texts in the order of the corpus, training part first."""

    texts: NDArray[np.str_]  # (n,)
    topics: NDArray[np.int64]  # (n,), 0 being the largest
    names: NDArray[np.str_]  # (n,), such as test/14826
    is_test: NDArray[np.bool_]  # (n,)
    dropped: dict[str, int]


def read_reuters(folders: Sequence[Path], n_topics: int) -> Documents:
    """Read the single-topic documents of the most frequent topics.

    Parameters
    ----------
    folders : sequence of Path
        Looked into for ``reuters/corpora/reuters.zip`` before NLTK downloads it into the
        last.
    n_topics : int
        At most 65.

    Returns
    -------
    Documents
        Of equal texts the first is kept; the others are counted, as are empty ones.

    Raises
    ------
    DataError
        If the corpus cannot be had, or is another.
    ParameterError
        If there are fewer topics.
    """
    documents = {
        name: (topics[0], text)
        for name, topics, text in _read_verified(_find_corpus(folders))
        if len(topics) == 1
    }
    sizes = Counter(topic for topic, _ in documents.values())
    if n_topics > len(sizes):
        raise ParameterError(f"reuters.topics = {n_topics}, but the corpus has {len(sizes)}")
    largest = [topic for topic, _ in sizes.most_common(n_topics)]
    dropped = {"empty": 0, "duplicates": 0}
    kept: dict[str, tuple[str, str]] = {}  # by text, so that the first of equal ones stays
    for name in sorted(documents, key=lambda name: (name.startswith("test/"), name)):
        topic, text = documents[name]
        if topic in largest:
            reason = "duplicates" if text in kept else "" if text.strip() else "empty"
            if reason:
                dropped[reason] += 1
            else:
                kept[text] = (name, topic)
    return Documents(
        np.array(list(kept), dtype=np.dtypes.StringDType()),
        np.array([largest.index(topic) for _, topic in kept.values()]),
        np.array([name for name, _ in kept.values()]),
        np.array([name.startswith("test/") for name, _ in kept.values()]),
        dropped,
    )


def _find_corpus(folders: Sequence[Path]) -> Path:
    for folder in folders:
        if (path := folder / "reuters/corpora/reuters.zip").exists():
            return path
    folder = folders[-1] / "reuters"
    if not nltk.download("reuters", download_dir=str(folder), quiet=True):
        raise DataError(
            f"reuters/corpora/reuters.zip is not in {' or '.join(map(str, folders))}, and NLTK "
            "could not download it: set SPECTRALNET_DATA to a folder that holds it"
        )
    return folder / "corpora/reuters.zip"


def _read_verified(path: Path) -> list[tuple[str, list[str], str]]:
    """Read every document's name, topics and text, and compare their hash."""
    digest, documents = hashlib.sha256(), []
    nltk.data.path.append(str(path.parents[1].resolve()))  # NLTK reads nowhere else
    try:
        corpus = CategorizedPlaintextCorpusReader(
            ZipFilePathPointer(str(path.resolve()), "reuters/"),
            "(training|test).*",
            cat_file="cats.txt",
            encoding="ISO-8859-2",
        )
        for name in sorted(corpus.fileids()):
            topics, text = corpus.categories(name), corpus.raw(name)
            digest.update(repr((name, topics, text)).encode())
            documents.append((name, topics, html.unescape(text)))  # &lt;GE> is a ticker
    except (OSError, ValueError, *ARCHIVE_ERRORS) as error:
        raise DataError(f"{path} cannot be read ({error}): delete it to download it") from error
    if digest.hexdigest() != SHA256:
        raise DataError(
            f"{path} holds another corpus than NLTK's Reuters-21578: its contents have sha256 "
            f"{digest.hexdigest()}, expected {SHA256}. Delete it to download it again"
        )
    return documents
