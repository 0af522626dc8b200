"""Run one method on one set, in a process of its own: `benchmarks.defaults` starts it.

python -m benchmarks.one_run FOLDER METHOD SEED LIMIT, where the folder holds points and a task,
and the limit is of seconds of processor time, which other work on the machine hardly changes.
"""

import json
import re
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from benchmarks.peers import METHODS, Task


def load_points(folder: Path) -> Any:
    """Read what `benchmarks.defaults` wrote."""
    sparse = folder / "x.npz"
    if sparse.exists():
        return scipy.sparse.csr_array(scipy.sparse.load_npz(sparse))
    return np.load(folder / "x.npy")


def peak_mib() -> float:
    """Return the most memory that this process held.

    Not of `resource`, where a process begins with what the one that started it held.
    """
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else float("nan")


def main(folder: Path, method: str, seed: int, limit: int) -> None:
    """Write the clusters and what they cost beside the points; SIGXCPU ends it at the limit."""
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    told = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    x, made = load_points(folder), METHODS[method]
    cluster = made.make(Task(told["k"], seed, told["image_shape"]))
    wall, cpu = time.perf_counter(), time.process_time()
    clusters = cluster(x)
    costs = {
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mib": peak_mib(),
        "version": version(made.package) if made.package else "",
    }
    np.save(folder / "clusters.npy", np.asarray(clusters).astype(np.int64))
    (folder / "costs.json").write_text(json.dumps(costs), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
