"""Cluster one file in each way that is offered, compare the labels, and measure the speed.

``python -m benchmarks.serving MODEL FILE`` with a model's folder and an ``.npy`` of raw samples.
"""

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.error import URLError

import mlflow
import numpy as np

from spectralnet.methods.predictor import Predictor
from spectralnet.tracking.registry import log_predictor

PORT = 5917
BATCH = 1000  # samples in a request


def command_line(model: str, file: str, out: Path) -> np.ndarray:
    """Run ``spectralnet predict``, start included."""
    subprocess.run(
        [sys.executable, "-m", "spectralnet.cli", "predict", model, file, "--out", str(out)],
        check=True,
    )
    return np.load(out)


def http(samples: np.ndarray) -> np.ndarray:
    """Ask the server, a batch at a time."""
    clusters = []
    for start in range(0, len(samples), BATCH):
        body = json.dumps({"inputs": samples[start : start + BATCH].tolist()}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{PORT}/invocations", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            rows = json.load(answer)["predictions"]
        clusters += [row["cluster"] for row in rows]
    return np.array(clusters)


def wait_for(server: subprocess.Popen[bytes]) -> None:
    """Return when the server answers."""
    while server.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/ping")
            return
        except URLError:
            time.sleep(0.5)
    sys.exit("mlflow models serve ended: is its environment complete?")


def main(model: str, file: str) -> None:
    """Measure, and print one line a way."""
    samples = np.load(file)
    with tempfile.TemporaryDirectory() as folder:
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        mlflow.set_experiment(experiment_id=mlflow.create_experiment("serving", f"{folder}/models"))
        with mlflow.start_run():
            logged = log_predictor(Path(model), "# Benchmark", "benchmark", "latest-run")
        predictor = Predictor.load(Path(model))
        serve = ["mlflow", "models", "serve", "-m", f"{folder}/model", "-p", str(PORT)]
        mlflow.artifacts.download_artifacts(logged.model_uri, dst_path=f"{folder}/model")
        server = subprocess.Popen([*serve, "--env-manager", "local"])
        try:
            wait_for(server)
            ways = {
                "library": lambda: predictor.predict(samples).clusters,
                "spectralnet predict": lambda: command_line(model, file, Path(folder) / "o.npy"),
                "mlflow models serve": lambda: http(samples),
            }
            expected = None
            for name, way in ways.items():
                started = time.perf_counter()
                clusters = way()
                rate = len(samples) / (time.perf_counter() - started)
                expected = clusters if expected is None else expected
                differ = np.count_nonzero(clusters != expected)
                print(f"{name:20} {rate:10.0f} samples a second, {differ} labels differ")
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
