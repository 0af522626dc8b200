"""Servers that tests start, and end."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

# Debian keeps them off the PATH.
DEBIAN = [str(folder) for folder in Path("/usr/lib/postgresql").glob("*/bin")]
INITDB = shutil.which("initdb", path=os.pathsep.join([*DEBIAN, os.environ["PATH"]]))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def process(command: list[str], log: Path, **arguments: object) -> Iterator[subprocess.Popen]:
    """Run a server, with its children, while the block runs."""
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, **arguments
        )
    try:
        yield server
    finally:
        # An interrupt: PostgreSQL would wait for its clients at a mere request to end.
        os.killpg(server.pid, signal.SIGINT)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


@contextmanager
def mlflow_server(
    root: Path, *arguments: str, environment: dict[str, str], port: int | None = None
) -> Iterator[str]:
    """Serve MLflow from a folder; yield its address once it answers."""
    port = port or free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    log = root / "server.log"
    with process([*command, *arguments], log, cwd=root, env=environment) as server:
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(f"{address}/health"), server, log)
        yield address


@contextmanager
def postgres() -> Iterator[str]:
    """Run an empty PostgreSQL; yield the address of its database."""
    # PostgreSQL refuses to run as root, and its user cannot see into pytest's folders.
    user = "postgres" if os.geteuid() == 0 else None
    port, binaries = free_port(), Path(str(INITDB)).parent
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if user:
            shutil.chown(folder, user)
        data = ["-D", str(folder / "data")]
        create = [INITDB, *data, "--auth=trust", "--username=mlflow"]
        subprocess.run(create, check=True, user=user, stdout=subprocess.DEVNULL, cwd=folder)
        serve = [str(binaries / "postgres"), *data, "-p", str(port), "-k", str(folder)]
        log = folder / "log"
        with process([*serve, "-h", "127.0.0.1"], log, user=user, cwd=folder) as server:
            ready = [str(binaries / "pg_isready"), "-h", "127.0.0.1", "-p", str(port), "-q"]
            wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, server, log)
            yield f"postgresql://mlflow@127.0.0.1:{port}/postgres"


def answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.ConnectionError:
        return False


def wait_until(ready, server: subprocess.Popen, log: Path, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.2)
