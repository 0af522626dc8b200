"""The code of docs/embeddings.md, as it stands there, on few vectors."""

import re

import numpy as np
import pandas as pd
from click.testing import CliRunner
from clones import ROOT

from spectralnet.cli import main

TOPICS = ("crude oil barrels", "bank loans", "wheat harvest")


def test_embeddings_are_clustered_described_and_explored(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    topic = np.arange(150) % 3
    vectors = 9 * np.eye(8)[topic] + np.random.default_rng(0).normal(size=(150, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    texts = [f"{TOPICS[t]} of day {i}" for i, t in enumerate(topic)]
    pd.DataFrame({"embedding": list(vectors), "text": texts}).to_parquet("news.parquet")
    page = (ROOT / "docs/embeddings.md").read_text()
    code = "".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    few = code.replace("n_clusters=10", "n_clusters=3, spectralnet={'epochs': 1}")
    assert few != code
    exec(few, {})  # noqa: S102
    told = capsys.readouterr().out
    assert len(told.splitlines()) == 9, told
    assert sum(map(int, re.findall(r"^\d: (\d+) texts", told, re.MULTILINE))) == 150
    assert all(stem in told for stem in ("barrel", "loan", "harvest"))

    (command,) = re.findall(r"```sh\nspectralnet (.*?)\n```", page, re.DOTALL)
    done = CliRunner().invoke(main, command.split())
    assert done.exit_code == 0, done.output
    assert "barrels of day" in (tmp_path / "explore.html").read_text()
