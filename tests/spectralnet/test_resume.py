"""A training that is really killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import torch
import toys
from clones import ROOT

from spectralnet.config.defaults import default_settings
from spectralnet.graph.affinity import affinity_graph
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.spectral.training import train_spectral_map


class Killed(Checkpoint):
    """In the third of four trainings: that without landmarks, of eigenvectors."""

    def save(self, state):
        super().save(state)
        if self.path.stem == "killed-0-eigenvectors" and len(state["history"]) == 2:
            os.kill(os.getpid(), signal.SIGKILL)


def train(checkpoint):
    settings = default_settings(1797, 10)
    params = settings.spectralnet.model_copy(update={"epochs": 4, "steps_per_epoch": 15})
    points, _ = toys.two_moons(n=600)
    graph = affinity_graph(nearest_neighbours(points, 10), settings.graph)
    net, _, history, *_ = train_spectral_map(
        points, graph, params, settings.graph, seed=0, device=torch.device("cpu"),
        checkpoint=checkpoint,
    )  # fmt: skip
    return net.state_dict(), history["loss"].tolist()


def test_a_sigkill_changes_no_bit_of_the_result(tmp_path, warm):
    """It went on in another process, this one."""
    checkpoint, here = tmp_path / "killed.pt", Path(__file__)
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    command = [warm / "python", "-m", here.stem, str(checkpoint)]
    killed = subprocess.run(command, cwd=here.parent, env=environment, check=False)
    assert killed.returncode % 256 == 256 - signal.SIGKILL
    trainings = ("256-eigenvectors", "256", "0-eigenvectors")
    saved = [checkpoint.with_stem(f"killed-{training}") for training in trainings]
    epochs = [len(torch.load(path, weights_only=True)["history"]) for path in saved]
    assert epochs == [3, 1, 2]
    resumed, resumed_loss = train(Checkpoint(checkpoint, seconds=0))
    whole, loss = train(Checkpoint(tmp_path / "whole.pt", seconds=0))
    assert loss == resumed_loss
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


if __name__ == "__main__":
    train(Killed(Path(sys.argv[1]), seconds=0))
