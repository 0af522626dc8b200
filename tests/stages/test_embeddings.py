"""The code of docs/embeddings.md, as it stands there."""

import re

import pandas as pd
from click.testing import CliRunner
from clones import ROOT

from spectralnet.cli import main


def test_embeddings_are_clustered_described_and_explored(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs/embeddings.md").read_text()
    code = "".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    few = code.replace("n_clusters=3", "n_clusters=3, spectralnet={'epochs': 1}")
    assert few != code
    exec(few, {})  # noqa: S102
    told = capsys.readouterr().out
    assert len(told.splitlines()) == 9, told
    n_texts = len(pd.read_parquet("texts.parquet"))
    assert sum(map(int, re.findall(r"^\d: (\d+) texts", told, re.MULTILINE))) == n_texts
    assert all(stem in told for stem in ("matrix", "ndimag", "signal")), told

    (command,) = re.findall(r"```sh\nspectralnet (.*?)\n```", page, re.DOTALL)
    done = CliRunner().invoke(main, command.split())
    assert done.exit_code == 0, done.output
    assert "Compute the" in (tmp_path / "explore.html").read_text()
