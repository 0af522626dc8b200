import json
import os
import re
import shlex
import subprocess
from itertools import pairwise

import pytest
import yaml
from clones import ROOT
from dvc.utils.hydra import apply_overrides
from warm import other_hash_seed

from spectralnet.config.reading import read_raw
from spectralnet.config.settings import Settings
from stages.settings import VIEWS, write_settings


def test_each_part_is_a_file_whose_bytes_depend_on_the_parameters_alone(
    tmp_path, monkeypatch, warm
):
    """Else DVC would run stages that nothing concerns."""
    params = read_raw(ROOT / "params.yaml") | {"dataset": "mine", "affinity": "euclidean"}
    params |= {"augment": "none", "mine": {"path": "data/own/x.csv", "n_clusters": 3}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    (tmp_path / "data/own").mkdir(parents=True)
    for name in ("own/x.csv", "must_link.csv", "cannot_link.csv"):
        (tmp_path / "data" / name).touch()
    (tmp_path / "data/no_model").mkdir()
    # The hashes that order a set have another seed there: here it is random, or what is set.
    environment = os.environ | {"PYTHONHASHSEED": other_hash_seed(), "PYTHONPATH": str(ROOT)}
    command = [warm / "python", "-m", "stages.settings", "there"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    monkeypatch.chdir(tmp_path)
    write_settings("here")
    written = [
        {path.stem: path.read_text() for path in sorted((tmp_path / folder).iterdir())}
        for folder in ("there", "here")
    ]
    assert written[0] == written[1]
    parts = {name: json.loads(text) for name, text in written[0].items()}
    assert parts.keys() == Settings.model_fields.keys() | {"data"} | VIEWS.keys()
    assert parts["graph"]["n_neighbours"] == 20  # of which the block says nothing
    assert parts["data"]["source"] == "own"
    assert parts["autoencoder"]["hidden"] == [500, 500]  # as for `own`
    assert parts["eigenspace"] == {"n_components": 9, "sampler": "auto"}


@pytest.mark.parametrize(
    "name",
    ["customers (1)", "a, b", "Umsätze", "データ", "a=b&c", "a'b", "#1", "x[1]{2}", "a;b", "~50%"],
)
def test_dvc_takes_a_path_of_any_signs_as_the_documentation_quotes_it(tmp_path, name):
    page = (ROOT / "docs/own-data.md").read_text(encoding="utf-8")
    line = re.search(r"^dvc exp run .*customers \(1\).*$", page, re.MULTILINE)[0]
    words = shlex.split(line)
    given = [word for flag, word in pairwise(words) if flag == "-S"]
    params = tmp_path / "params.yaml"
    params.write_text("dataset: x\nown: {path: x, labels: x, n_clusters: 1}\n")
    apply_overrides(params, [word.replace("customers (1)", name) for word in given])
    assert yaml.safe_load(params.read_text(encoding="utf-8")) == {
        "dataset": "own",
        "own": {"path": f"/data/{name}.csv", "labels": "segment, 2020", "n_clusters": 5},
    }
