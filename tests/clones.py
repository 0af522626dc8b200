"""Checkouts of the working tree in which the real pipeline runs on tiny data."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TINY = {  # every scalar, since the working tree may hold another configuration
    "dataset": "digits",
    "space": "code",
    "affinity": "siamese",
    "fit_on": "all",
    "augment": "none",
    "labelled": 0.0,
    "limit": 300,
    "seed": 0,
    "device": "cpu",
    "processes": 1,
    "digits.autoencoder.epochs": 3,
    "stacked.hidden": [32],
    "stacked.layer_epochs": 1,
    "stacked.epochs": 2,
    "dec.epochs": 2,
    "dual_autoencoder.channels": [4, 4],
    "dual_autoencoder.epochs": 1,
    "dual_autoencoder.joint.epochs": 1,
    "dual_autoencoder.joint.steps_per_epoch": 5,
    "digits.siamese.epochs": 2,
    "digits.siamese.steps_per_epoch": 5,
    "digits.spectralnet.epochs": 2,
    "digits.spectralnet.steps_per_epoch": 20,
    "digits.spectralnet.n_components": 4,
}


class Clone:
    """A checkout of the working tree in which experiments are run, by ``python`` of a folder."""

    def __init__(self, root: Path, python: Path = Path(sys.executable).parent) -> None:
        self.root = root
        self.python = python
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).exists():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, root / name)
        self.git("init", "--quiet")
        for key, value in (("name", "test"), ("email", "test@localhost")):
            self.git("config", f"user.{key}", value)
        self.git("config", "commit.gpgsign", "false")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "clone")

    def copy(self, root: Path) -> "Clone":
        """Copy the checkout with its cache and its store of runs, to change the copy."""
        shutil.copytree(self.root, root, symlinks=True)
        other = object.__new__(Clone)
        other.root, other.python = root, self.python
        return other

    def git(self, *arguments: str) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        subprocess.run(["git", *arguments], cwd=self.root, env=environment, check=True)

    def environment(self) -> dict[str, str]:
        """Return the variables of a process in this checkout: none of ours leads elsewhere."""
        own = ("MLFLOW_", "DVC_", "GIT_", "SPECTRALNET_")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(own)}
        folders = [str(self.python), str(Path(sys.executable).parent), environment["PATH"]]
        environment["PATH"] = os.pathsep.join(folders)
        for config in ("GLOBAL", "SYSTEM"):  # a cache shared by them would restore stages
            environment[f"DVC_{config}_CONFIG_DIR"] = str(self.root / ".no-config")
        return environment

    def run(
        self, module: str, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a module of the environment or of the clone."""
        return subprocess.run(
            [self.python / "python", "-m", module, *arguments],
            cwd=self.root,
            env=self.environment() | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def experiment(self, name: str, **overrides: object) -> set[str]:
        """Run an experiment; return the stages that were executed."""
        arguments = [f"--set-param={key}={value}" for key, value in overrides.items()]
        done = self.run("dvc", "exp", "run", "--name", name, *arguments)
        assert done.returncode == 0, done.stdout
        return executed(done.stdout)

    def metrics(self) -> dict[str, float]:
        return json.loads((self.root / "results/metrics.json").read_text())


def executed(output: str) -> set[str]:
    """Name the stages, without what tells several of one kind apart."""
    named = r"^Running stage '(?:[\w/]+/dvc\.yaml:)?(\w+)(?:@[\w-]+)?'"
    return set(re.findall(named, output, re.MULTILINE))
