import json
import os
import subprocess
import sys

import yaml
from clones import ROOT

from spectralnet.config.reading import read_raw
from spectralnet.config.settings import Settings
from stages.settings import VIEWS


def test_each_part_is_a_file_whose_bytes_depend_on_the_parameters_alone(tmp_path):
    """Else DVC would run stages that nothing concerns."""
    params = read_raw(ROOT / "params.yaml") | {"dataset": "mine", "affinity": "euclidean"}
    params |= {"augment": "none", "mine": {"path": "data/own/x.csv", "n_clusters": 3}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    written = []
    for seed in ("1", "2"):  # of the hashes that order a set
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "stages.settings", str(tmp_path / seed)]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True)
        written.append({p.stem: p.read_text() for p in sorted((tmp_path / seed).iterdir())})
    assert written[0] == written[1]
    parts = {name: json.loads(text) for name, text in written[0].items()}
    assert parts.keys() == Settings.model_fields.keys() | {"data"} | VIEWS.keys()
    assert parts["graph"]["n_neighbours"] == 20  # of which the block says nothing
    assert parts["data"]["source"] == "own"
    assert parts["autoencoder"]["hidden"] == [500, 500]  # as for `own`
    assert parts["eigenspace"] == {"n_components": 9, "sampler": "edges"}
