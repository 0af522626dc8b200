"""Cluster one file in each way that is offered, compare the labels, and measure the speed.

``python -m benchmarks.serving MODEL FILE`` with a model's folder and an ``.npy`` of raw samples.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.error import URLError

import mlflow
import numpy as np
import onnxruntime

from spectralnet.methods.predictor import Predictor
from spectralnet.serving.export import INPUT, export_onnx
from spectralnet.tracking.registry import log_predictor

PORT = 5917
BATCH = 1000  # samples in a request
CLIENTS = 8
REQUESTS = 100  # of each client, one sample each
JSON = {"Content-Type": "application/json"}


def command_line(model: str, file: str, out: Path) -> np.ndarray:
    """Run ``spectralnet predict``, start included."""
    subprocess.run(
        [sys.executable, "-m", "spectralnet.cli", "predict", model, file, "--out", str(out)],
        check=True,
    )
    return np.load(out)


class Server:
    """A client of one of the two servers; its connection stays open."""

    def __init__(self, path: str, key: str) -> None:
        self.path, self.key = path, key
        self.connection = HTTPConnection("127.0.0.1", PORT, timeout=120)

    def post(self, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Send a body; return status and answer."""
        self.connection.request("POST", self.path, body, headers or JSON)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def clusters(self, samples: np.ndarray) -> list[int]:
        """Ask for the clusters of samples, all at once."""
        status, answer = self.post(json.dumps({self.key: samples.tolist()}).encode())
        if status != 200:
            sys.exit(f"{status}: {answer.decode()}")
        return [row["cluster"] for row in json.loads(answer)["predictions"]]


def ours() -> Server:
    """Ask ``spectralnet serve``."""
    return Server("/predict", "samples")


def mlflows() -> Server:
    """Ask ``mlflow models serve``."""
    return Server("/invocations", "inputs")


def in_batches(server: Server, samples: np.ndarray) -> np.ndarray:
    """Ask for a batch at a time, one after the other."""
    starts = range(0, len(samples), BATCH)
    return np.concatenate([server.clusters(samples[start : start + BATCH]) for start in starts])


def latencies(make: Callable[[], Server], samples: np.ndarray) -> np.ndarray:
    """Ask for single samples by several clients at once; return each answer's milliseconds."""

    def client(number: int) -> list[float]:
        server, times = make(), list[float]()
        for i in range(REQUESTS):
            at = (number * REQUESTS + i) % len(samples)
            started = time.perf_counter()
            server.clusters(samples[at : at + 1])
            times.append(1000 * (time.perf_counter() - started))
        return times

    with ThreadPoolExecutor(CLIENTS) as clients:
        return np.concatenate([*clients.map(client, range(CLIENTS))])


@contextmanager
def started(command: list[str], ping: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server, and give it once it answers."""
    server = subprocess.Popen(command)
    try:
        while server.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{PORT}/{ping}")
                break
            except URLError:
                time.sleep(0.5)
        else:
            sys.exit(f"{' '.join(command)} ended")
        yield server
    finally:
        server.terminate()
        server.wait()


def serve(model: str) -> list[str]:
    """Return the command that serves a model."""
    return [sys.executable, "-m", "spectralnet.cli", "serve", model, "--port", str(PORT)]


def onnx(predictor: Predictor, folder: Path) -> onnxruntime.InferenceSession:
    """Export a model, and open the file with as many threads as torch has."""
    print(export_onnx(predictor, folder / "model.onnx"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
    return onnxruntime.InferenceSession(folder / "model.onnx", options)


def main(model: str, file: str) -> None:
    """Measure, and print one line a way."""
    samples = np.load(file)
    predictor = Predictor.load(Path(model))
    expected = predictor.predict(samples).clusters

    def measure(name: str, way: Callable[[], np.ndarray]) -> None:
        begun = time.perf_counter()
        found = way()
        rate = len(samples) / (time.perf_counter() - begun)
        differ = np.count_nonzero(found != expected)
        print(f"{name:32} {rate:8.0f} samples a second, {differ} labels differ")

    def of_server(name: str, make: Callable[[], Server]) -> None:
        measure(name, lambda: in_batches(make(), samples))
        times = latencies(make, samples)
        p50, p99 = np.percentile(times, [50, 99])
        print(f"{name:32} {CLIENTS} clients, one sample each: p50 {p50:.0f} ms, p99 {p99:.0f} ms")

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        measure("library", lambda: predictor.predict(samples).clusters)
        session = onnx(predictor, folder)
        (given,) = session.get_inputs()
        kind = np.float32 if given.type == "tensor(float)" else np.float64
        raw = samples.astype(kind).reshape(-1, *given.shape[1:])
        batches = [raw[start : start + BATCH] for start in range(0, len(raw), BATCH)]
        measure(
            "onnxruntime",
            lambda: np.concatenate([session.run(["cluster"], {INPUT: b})[0] for b in batches]),
        )
        measure("spectralnet predict", lambda: command_line(model, file, folder / "o.npy"))
        with started(serve(model), "health"):
            of_server("spectralnet serve", ours)
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        mlflow.set_experiment(experiment_id=mlflow.create_experiment("serving", f"{folder}/models"))
        with mlflow.start_run():
            logged = log_predictor(Path(model), "# Benchmark", "benchmark", "latest-run")
        mlflow.artifacts.download_artifacts(logged.model_uri, dst_path=f"{folder}/model")
        command = ["mlflow", "models", "serve", "-m", f"{folder}/model", "-p", str(PORT)]
        with started([*command, "--env-manager", "local"], "ping"):
            of_server("mlflow models serve", mlflows)


if __name__ == "__main__":
    main(*sys.argv[1:])
