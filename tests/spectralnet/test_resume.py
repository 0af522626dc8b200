"""A training that is really killed."""

import subprocess
import sys
import time

import torch
from clones import ROOT

SCRIPT = """
import sys
from pathlib import Path
import toys, torch
from spectralnet.affinity import affinity_graph
from spectralnet.config import read_params
from spectralnet.neighbours import nearest_neighbours
from spectralnet.spectral import train_spectral_map
from spectralnet.training import Checkpoint

settings = read_params("params.yaml").digits
params = settings.spectralnet.model_copy(update={"epochs": 6, "steps_per_epoch": 30})
points, _ = toys.two_moons(n=600)
graph = affinity_graph(nearest_neighbours(points, 10), settings.graph)
checkpoint = Checkpoint(Path(sys.argv[1]), seconds=0)
net, _, history = train_spectral_map(
    points, graph, params, settings.graph, seed=0, device=torch.device("cpu"), checkpoint=checkpoint
)
torch.save({"net": net.state_dict(), "loss": history["loss"].tolist()}, sys.argv[2])
"""


def start(checkpoint, result):
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PATH": ""}
    command = [sys.executable, "-c", SCRIPT, str(checkpoint), str(result)]
    return subprocess.Popen(command, cwd=ROOT, env=environment)


def test_a_sigkill_changes_no_bit_of_the_result(tmp_path):
    assert start(tmp_path / "whole.pt", tmp_path / "whole").wait() == 0
    checkpoint, result = tmp_path / "killed.pt", tmp_path / "resumed"
    with start(checkpoint, result) as process:
        while not checkpoint.exists():
            assert process.poll() is None
            time.sleep(0.005)
        process.kill()
    assert not result.exists()
    epochs_saved = len(torch.load(checkpoint, weights_only=True)["history"])
    assert 0 < epochs_saved < 6
    assert start(checkpoint, result).wait() == 0
    whole, resumed = (torch.load(tmp_path / n, weights_only=True) for n in ("whole", "resumed"))
    assert whole["loss"] == resumed["loss"]
    assert all(torch.equal(whole["net"][name], resumed["net"][name]) for name in whole["net"])
