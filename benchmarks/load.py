"""Ask ``spectralnet serve`` by eight clients at once, a tenth of the requests bad.

``python -m benchmarks.load MODEL FILE [SECONDS]`` with a model's folder and an ``.npy`` of raw
samples. Prints the answers by their status, wrong labels, latency, and the server's memory.
"""

import json
import re
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.serving import CLIENTS, JSON, ours, serve, started
from spectralnet.methods.predictor import Predictor

BAD = 0.1  # of the requests
MOST = 100  # samples in a good one
DEEP = b"[" * 100_000 + b"]" * 100_000


def bad_requests(samples: np.ndarray) -> list[tuple[bytes, dict[str, str], int]]:
    """Return bodies that are wrong, each with its headers and the status that it is due."""
    body = json.dumps({"samples": samples[:2].tolist()}).encode()
    return [
        (b'{"samples": ' + DEEP + b"}", JSON, 422),
        (b" " * 20_000_000, JSON, 413),
        (b" " * 60_000_000, JSON, 413),
        (b'{"samples": [' + b"[]," * 2_500_000 + b"[]]}", JSON, 422),  # more than max_rows
        (body[:-1], JSON, 422),
        (body, {"Content-Type": "text/plain"}, 415),
        (b'{"samples": [[1, 2, 3]]}', JSON, 422),
        (b'{"samples": [["blue"]]}', JSON, 422),
        (body.replace(b"0,", b"NaN,", 1), JSON, 422),
        (body.replace(b"0,", b"1e400,", 1), JSON, 422),
        (b"\x89PNG\r\n\x1a\n" + bytes(1000), {"Content-Type": "image/png"}, 422),
        (b"\xff\xfe\x00", JSON, 422),
    ]


def memory(pid: int) -> dict[str, int]:
    """Return a process's memory now, and at most, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB", status, re.MULTILINE)
    return {{"VmRSS": "now", "VmHWM": "peak"}[name]: int(kb) // 1024 for name, kb in found}


def main(model: str, file: str, seconds: str = "60") -> None:
    """Load the server, and print what came of it."""
    samples = np.load(file)
    expected = Predictor.load(Path(model)).predict(samples).clusters
    bad = bad_requests(samples)
    written = [json.dumps(sample) for sample in samples.tolist()]  # once: clients share the cores
    with started(serve(model), "health") as process:
        ours().clusters(samples[:MOST])
        before = memory(process.pid)
        end = time.monotonic() + float(seconds)

        def client(number: int) -> tuple[Counter[str], list[float]]:
            rng, server = np.random.default_rng(number), ours()
            counts, times = Counter[str](), []
            while time.monotonic() < end:
                if rng.random() < BAD:
                    body, headers, due = bad[rng.integers(len(bad))]
                    status, _ = server.post(body, headers)
                    counts[f"bad: {status}" + ("" if status == due else f", not {due}")] += 1
                    continue
                start = rng.integers(len(samples) - MOST)
                rows = slice(start, start + rng.integers(1, MOST + 1))
                body = f'{{"samples": [{", ".join(written[rows])}]}}'.encode()
                begun = time.perf_counter()
                status, answer = server.post(body)
                times.append(1000 * (time.perf_counter() - begun))
                counts[f"good: {status}"] += 1
                if status == 200:
                    found = [row["cluster"] for row in json.loads(answer)["predictions"]]
                    counts["labels"] += len(found)
                    counts["wrong labels"] += int(np.count_nonzero(found != expected[rows]))
            return counts, times

        with ThreadPoolExecutor(CLIENTS) as clients:
            asked = [clients.submit(client, number) for number in range(CLIENTS)]
            time.sleep(float(seconds) / 2)
            half = memory(process.pid)
        results = [one.result() for one in asked]
        after = memory(process.pid)
    for name, count in sorted(sum((counts for counts, _ in results), Counter[str]()).items()):
        print(f"{name:20} {count:8}")
    p50, p99 = np.percentile(np.concatenate([times for _, times in results]), [50, 99])
    print(f"good ones: p50 {p50:.0f} ms, p99 {p99:.0f} ms")
    print(f"memory in MB: {before} before, {half} half way, {after} after")


if __name__ == "__main__":
    main(*sys.argv[1:])
