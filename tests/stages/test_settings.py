import json

import yaml
from clones import ROOT

from spectralnet.config.reading import read_raw
from spectralnet.config.settings import Settings
from stages.settings import write_settings


def test_each_part_is_a_file_whose_bytes_depend_on_the_parameters_alone(tmp_path, monkeypatch):
    """Else DVC would run stages that nothing concerns."""
    monkeypatch.chdir(tmp_path)
    params = read_raw(ROOT / "params.yaml") | {"dataset": "mine", "affinity": "euclidean"}
    params |= {"augment": "none", "mine": {"path": "data/own/x.csv", "n_clusters": 3}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    write_settings(tmp_path / "settings")
    written = {
        path.stem: json.loads(path.read_text()) for path in (tmp_path / "settings").iterdir()
    }
    assert written.keys() == Settings.model_fields.keys() | {"data"}
    assert written["graph"]["n_neighbours"] == 20  # of which the block says nothing
    assert list(written["data"])[:3] == ["n_terms", "path", "labels"]
    assert written["data"]["source"] == "own"
