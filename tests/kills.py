"""Kill each stage of the default pipeline at random moments, and compare what a rerun makes.

``python tests/kills.py 12`` kills twelve times, in a throw-away clone on 300 digits.
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

STAGES = ("prepare", "stages/dvc.yaml:space@auto", "graph", "spectralnet", "evaluate")
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
PARAMS = TINY | {"space": "auto", "affinity": "euclidean", "digits.spectralnet.epochs": 6}
PARAMS |= {"digits.spectralnet.steps_per_epoch": 300}


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


def main(kills: str = "12", seed: str = "0") -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which background jobs ignore
    drawn, differing = random.Random(int(seed)), 0  # noqa: S311
    with tempfile.TemporaryDirectory() as folder:
        clone = Clone(Path(folder))
        clone.experiment("whole", **PARAMS)
        seconds = {stage: fresh(clone, stage) for stage in STAGES}
        expected = hashes(clone.root)
        for i in range(int(kills)):
            stage, number = STAGES[i % len(STAGES)], SIGNALS[i // len(STAGES) % len(SIGNALS)]
            after = drawn.uniform(0, seconds[stage])
            while (ended := kill(clone, stage, number, after)) is None:  # a faster machine now
                after /= 2
            status, took = ended
            checkpoints = len(list(clone.root.glob(".checkpoints/*.pt")))
            check = clone.run("stages.check")
            assert check.returncode == 0, check.stdout
            seconds[stage] = fresh(clone, stage)
            found = hashes(clone.root)
            same = found == expected
            differing += not same
            print(
                f"{stage:28} {signal.Signals(number).name:8} after {after:5.1f} of about "
                f"{seconds[stage]:5.1f} s: status {status}, gone in {took:.1f} s, "
                f"{checkpoints} checkpoints; {'equal' if same else 'DIFFERENT'} {check.stdout}",
                flush=True,
            )
            for name in {n for n in found.keys() | expected if found.get(n) != expected.get(n)}:
                print(f"  differs: {name}")
        left = [str(p.relative_to(clone.root)) for p in clone.root.rglob(".*.partial")]
        left += [str(p.relative_to(clone.root)) for p in clone.root.glob(".checkpoints/*")]
        print(
            f"{kills} kills, {differing} with other results; left over: {left or 'nothing'}; "
            f"runs that MLflow takes for running: {list(running(clone.root)) or 'none'}"
        )
        sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
