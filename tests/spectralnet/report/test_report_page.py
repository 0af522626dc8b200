import base64
import re
from html.parser import HTMLParser

import pytest

from spectralnet.artifacts import save_json
from spectralnet.errors import DataError
from spectralnet.report.page import read_results, render_report, score_table

METRICS = {
    "acc": 0.8765,
    "nmi": 0.5,
    "nmi_max": 0.4,
    "ari": 0.3,
    "kmeans_acc": 0.25,
    "kmeans_nmi": 0.2,
    "kmeans_nmi_max": 0.15,
    "kmeans_ari": 0.1,
    "n": 5000,
    "grassmann": 0.125,
}


CLUSTER = {
    "cluster": -1,
    "size": 1234,
    "silhouette": 0.5,
    "features": [["<i>a</i>", 1.83e6], ["b", -2.0]],
    "neighbours": [[3, 0.25], [4, 0.001]],
}


class Page(HTMLParser):
    """Text and pictures of a page, which has to be well formed."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.pictures: list[str] = []
        self.words: list[str] = []
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.pictures.append(dict(attributes)["src"])
        elif tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data.split()


def test_a_report_shows_scores_facts_and_captioned_pictures():
    pictures = {"confusion": b"picture 1", "embedding": b"picture 2", "unknown": b"picture 3"}
    source = render_report({"dataset": "<b>", "seed": 3}, METRICS, pictures)
    page = Page(source)
    shown = [base64.b64decode(src.partition("base64,")[2]) for src in page.pictures]
    assert shown == [b"picture 2", b"picture 1"]
    assert len(re.findall(r"<figcaption>\w.{40,}", source)) == 2
    assert {"0.876", "0.250", "5,000", "0.125", "<b>"} <= set(page.words)
    assert "http" not in source  # it needs no other file


def test_without_labels_no_scores_are_shown():
    source = render_report({"dataset": "mine"}, {"n": 5, "grassmann": 0.1}, {})
    assert "No label is there to score by" in source
    assert "ACC" not in Page(source).words


def test_methods_without_scores_are_left_out():
    table = score_table(METRICS)
    assert table.index.tolist() == ["SpectralNet", "k-means in the space"]
    assert table.loc["SpectralNet"].tolist() == [0.8765, 0.5, 0.4, 0.3]
    assert score_table({"n": 5}).empty


def test_results_are_read_from_their_folder(tmp_path):
    with pytest.raises(DataError, match=r"metrics\.json is missing: run the pipeline"):
        read_results(tmp_path)
    save_json(tmp_path / "metrics.json", METRICS)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/confusion.png").write_bytes(b"png")
    assert read_results(tmp_path) == (METRICS, {"confusion": b"png"}, [])
    save_json(tmp_path / "description.json", [CLUSTER])
    assert read_results(tmp_path)[2] == [CLUSTER]
    page = Page(render_report({}, METRICS, {}, [CLUSTER]))
    assert {"noise", "1,234", "0.50", "<i>a</i>", "(+1.8e+06),", "(0.25)"} <= set(page.words)
    assert "(0.00)" not in page.words
