"""A training that is really killed."""

import os
import signal
import subprocess
import sys

import torch
from clones import ROOT

SCRIPT = """
import os, signal, sys
from pathlib import Path
import toys, torch
from spectralnet.graph.affinity import affinity_graph
from spectralnet.config.reading import read_params
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.spectral.training import train_spectral_map
from spectralnet.nets.checkpoints import Checkpoint

settings = read_params("params.yaml").datasets["digits"]
params = settings.spectralnet.model_copy(update={"epochs": 6, "steps_per_epoch": 30})
points, _ = toys.two_moons(n=600)
graph = affinity_graph(nearest_neighbours(points, 10), settings.graph)

class Killed(Checkpoint):
    def save(self, state):
        super().save(state)
        if len(state["history"]) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

checkpoint = (Killed if len(sys.argv) > 3 else Checkpoint)(Path(sys.argv[1]), seconds=0)
net, _, history = train_spectral_map(
    points, graph, params, settings.graph, seed=0, device=torch.device("cpu"), checkpoint=checkpoint
)
torch.save({"net": net.state_dict(), "loss": history["loss"].tolist()}, sys.argv[2])
"""


def train(*arguments):
    """Return the exit status of a process that trains."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def test_a_sigkill_changes_no_bit_of_the_result(tmp_path):
    assert train(tmp_path / "whole.pt", tmp_path / "whole") == 0
    checkpoint, result = tmp_path / "killed.pt", tmp_path / "resumed"
    assert train(checkpoint, result, "killed") == -signal.SIGKILL
    assert not result.exists()
    assert len(torch.load(checkpoint, weights_only=True)["history"]) == 2
    assert train(checkpoint, result) == 0
    whole, resumed = (torch.load(tmp_path / n, weights_only=True) for n in ("whole", "resumed"))
    assert whole["loss"] == resumed["loss"]
    assert all(torch.equal(whole["net"][name], resumed["net"][name]) for name in whole["net"])
