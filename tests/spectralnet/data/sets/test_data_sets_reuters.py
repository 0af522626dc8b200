import zipfile

import numpy as np
import pytest

from spectralnet.data.sets import reuters
from spectralnet.errors import DataError, ParameterError

DOCUMENTS = {
    "training/1": ("earn", "Profit of &lt;GE>\n"),
    "training/2": ("earn", "Loss\n"),
    "training/3": ("earn", "Loss\n"),  # again
    "training/4": ("acq", "Merger\n"),
    "training/5": ("earn", " \n"),  # empty
    "training/6": ("acq crude", "Oil merger\n"),  # two topics
    "test/7": ("acq", "Another merger\n"),
    "test/8": ("crude", "Oil\n"),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    path = tmp_path / "reuters/corpora/reuters.zip"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, (_, text) in DOCUMENTS.items():
            archive.writestr(f"reuters/{name}", text)
        lines = [f"{name} {topics}" for name, (topics, _) in DOCUMENTS.items()]
        archive.writestr("reuters/cats.txt", "\n".join(lines) + "\n")
    with pytest.raises(DataError, match="holds another corpus") as refused:
        reuters.read_reuters([tmp_path], 2)
    found = str(refused.value).split("sha256 ")[1].split(",")[0]
    monkeypatch.setattr(reuters, "SHA256", found)
    return tmp_path


def test_single_topic_documents_of_the_largest_topics_are_kept_once(folder):
    documents = reuters.read_reuters([folder / "elsewhere", folder], 2)
    assert documents.texts.tolist() == [
        "Profit of <GE>\n",
        "Loss\n",
        "Merger\n",
        "Another merger\n",
    ]
    np.testing.assert_array_equal(documents.topics, [0, 0, 1, 1])
    np.testing.assert_array_equal(documents.is_test, [False, False, False, True])
    assert documents.names.tolist()[-1] == "test/7"
    assert documents.dropped == {"empty": 1, "duplicates": 1}


def test_too_many_topics_are_refused(folder):
    with pytest.raises(ParameterError, match=r"reuters.topics = 4, but the corpus has 3"):
        reuters.read_reuters([folder], 4)


def test_a_corpus_that_cannot_be_had_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("nltk.download", lambda *_, **__: False)
    with pytest.raises(DataError, match="NLTK could not download it: set SPECTRALNET_DATA"):
        reuters.read_reuters([tmp_path], 2)
    (tmp_path / "reuters/corpora").mkdir(parents=True)
    (tmp_path / "reuters/corpora/reuters.zip").write_bytes(b"half")
    with pytest.raises(DataError, match=r"reuters.zip cannot be read"):
        reuters.read_reuters([tmp_path], 2)
