"""Kill each stage of each method at random moments, and compare what a rerun makes.

``python tests/kills.py 10`` kills each ten times, in throw-away clones on 300 digits.
"""

import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

from clones import TINY, Clone

METHODS = "stages/methods/dvc.yaml"
OTHERS = [f"{METHODS}:{name}" for name in (
    "stacked", "dec", "dual_autoencoder", "kmeans", "ae_kmeans", "stacked_kmeans", "spectral",
    "compare",
)]  # fmt: skip
CONFIGURATIONS = (  # and which of their stages are killed
    (
        {"space": "auto", "affinity": "euclidean"},
        ["prepare", "stages/dvc.yaml:space@auto", "graph", "spectralnet", "evaluate"],
    ),
    (
        {"space": "code", "affinity": "siamese"},
        ["stages/dvc.yaml:autoencoder", "stages/dvc.yaml:siamese", *OTHERS],
    ),
)
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
LONGER = {  # trainings of some seconds each
    "digits.autoencoder.epochs": 20,
    "digits.siamese.epochs": 6,
    "digits.siamese.steps_per_epoch": 20,
    "digits.spectralnet.epochs": 6,
    "digits.spectralnet.steps_per_epoch": 300,
    "stacked.layer_epochs": 30,
    "stacked.epochs": 100,
    "dec.epochs": 30,
    "dual_autoencoder.epochs": 6,
    "dual_autoencoder.joint.epochs": 4,
    "dual_autoencoder.joint.steps_per_epoch": 20,
}


def hashes(root: Path) -> dict[str, str]:
    """Hash what was made."""
    files = [file for name in ("artifacts", "results") for file in (root / name).rglob("*")]
    made = [file for file in files if file.is_file()]
    return {str(f.relative_to(root)): hashlib.sha256(f.read_bytes()).hexdigest() for f in made}


def repro(clone: Clone, stage: str, **variables: str) -> subprocess.Popen:
    """Start a stage once more, in a process group of its own."""
    command = [sys.executable, "-m", "dvc", "repro", "--force", "--single-item", stage]
    return subprocess.Popen(
        command, cwd=clone.root, env=clone.environment() | variables, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def fresh(clone: Clone, stage: str) -> float:
    """Run a stage undisturbed; return how long it takes."""
    started = time.monotonic()
    process = repro(clone, stage)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return time.monotonic() - started


def kill(clone: Clone, stage: str, number: int, after: float) -> tuple[int, float] | None:
    """Send a signal to DVC and its stage; return the exit status, and how long they then took.

    None if they were over before.
    """
    process = repro(clone, stage)
    time.sleep(after)
    if process.poll() is not None:
        return None
    os.killpg(process.pid, number)
    started = time.monotonic()
    process.communicate()
    return process.returncode, time.monotonic() - started


def running(root: Path) -> Iterator[str]:
    """Name the runs that MLflow takes for running."""
    with closing(connect(root / "mlflow.db")) as store:
        yield from (
            name for (name,) in store.execute("select name from runs where status = 'RUNNING'")
        )


def kill_and_go_on(
    clone: Clone, stage: str, number: int, after: float, seconds: float, expected: dict[str, str]
) -> tuple[bool, float]:
    """Kill a stage and run it again; return whether all is as expected, and the seconds of that."""
    while (ended := kill(clone, stage, number, after)) is None:  # a faster machine now
        after /= 2
    status, took = ended
    checkpoints = len(list(clone.root.glob(".checkpoints/*.pt")))
    check = clone.run("stages.check")
    assert check.returncode == 0, check.stdout
    anew = fresh(clone, stage)
    found = hashes(clone.root)
    same = found == expected
    print(
        f"{stage:42} {signal.Signals(number).name:8} after {after:5.1f} of about {seconds:5.1f} s: "
        f"status {status}, gone in {took:.1f} s, {checkpoints} checkpoints; "
        f"{'equal' if same else 'DIFFERENT'} {check.stdout}",
        flush=True,
    )
    for name in {n for n in found.keys() | expected if found.get(n) != expected.get(n)}:
        print(f"  differs: {name}")
    return same, anew


def main(kills: str = "10", seed: str = "0") -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which background jobs ignore
    drawn, outcomes = random.Random(int(seed)), []  # noqa: S311
    left: list[str] = []
    still: list[str] = []
    for params, stages in CONFIGURATIONS:
        with tempfile.TemporaryDirectory() as folder:
            clone = Clone(Path(folder))
            clone.experiment("whole", **TINY | LONGER | params)
            assert (done := clone.run("dvc", "repro", METHODS)).returncode == 0, done.stdout
            seconds = {stage: fresh(clone, stage) for stage in stages}
            expected = hashes(clone.root)
            for i in range(int(kills)):
                for stage in stages:
                    number = SIGNALS[i % len(SIGNALS)]
                    after = drawn.uniform(0, seconds[stage])
                    same, seconds[stage] = kill_and_go_on(
                        clone, stage, number, after, seconds[stage], expected
                    )
                    outcomes.append(same)
            remains = [*clone.root.rglob(".*.partial"), *clone.root.glob(".checkpoints/*")]
            left += [str(path.relative_to(clone.root)) for path in remains]
            still += running(clone.root)
    differing = outcomes.count(False)
    print(
        f"{len(outcomes)} kills, {differing} with other results; left over: {left or 'nothing'}; "
        f"runs that MLflow takes for running: {still or 'none'}"
    )
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
