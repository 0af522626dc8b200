"""The tutorial's commands, as they stand there, on few digits and with short trainings."""

import json
import re
import subprocess

import pytest
from clones import ROOT, executed

pytestmark = pytest.mark.xdist_group("clone")  # its experiments are run once


def test_the_tutorial_runs(described, tmp_path):
    """The two experiments were run under other names, so that here they come from the cache."""
    copy = described[0].copy(tmp_path / "clone")
    tutorial = (ROOT / "docs/tutorial.md").read_text()
    outputs = []
    for language, code in re.findall(r"```(sh|python)\n(.*?)```", tutorial, re.DOTALL):
        (tmp_path / "test_block.py").write_text(code)  # a name that the warm Python takes
        done = subprocess.run(
            ["bash", "-e"] if language == "sh" else ["python", "-m", "test_block"],
            input=code,
            cwd=copy.root,
            env=copy.environment() | {"PYTHONPATH": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, code + done.stdout
        outputs.append(done.stdout)
    first, shown, pixels, compared, predicted, _ = outputs
    assert executed(first) == executed(pixels) == set()
    assert "exact spectral clustering, same graph" in shown
    assert "first" in compared
    assert "pixels" in compared
    assert (copy.root / "dvc_plots/index.html").exists()
    assert len(re.findall(r"\d+", predicted.partition("]")[0])) == 10
    metrics = subprocess.check_output(["git", "show", "HEAD:results/metrics.json"], cwd=copy.root)
    assert copy.metrics() == json.loads(metrics)
    again = copy.run("dvc", "repro")
    assert "up to date" in again.stdout
    assert executed(again.stdout) == set()
