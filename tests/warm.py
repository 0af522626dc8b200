"""A Python for clones that has already imported the packages which take seconds.

`warm_python` makes a command ``python``. For ``python -m stages.<name> ...`` it asks a server,
which holds the packages and none of the project's modules, to fork: the child gets the caller's
arguments, folder, environment and files, and runs the module. All else the real Python runs. A
stage that forgets an import may pass here: `make tiny` and DVC's queue run them cold.
"""

import gc
import importlib
import json
import multiprocessing
import os
import runpy
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = (
    "faiss", "jinja2", "matplotlib.backends.backend_agg", "matplotlib.pyplot",
    "mlflow.pyfunc.model", "mlflow.pytorch", "mlflow.store.tracking.sqlalchemy_store",
    "mlxtend.data", "nltk.corpus.reader", "pandas", "pooch", "pyarrow.parquet", "pydantic",
    "safetensors.torch", "scipy.optimize", "scipy.sparse.linalg", "sklearn.cluster",
    "sklearn.datasets", "sklearn.feature_extraction.text", "sklearn.manifold", "sklearn.mixture",
    "torch._dynamo", "torch.export", "yaml",
)  # fmt: skip
COMMAND = """\
#!{python} -IS
import json, os, socket, sys
if sys.argv[1:2] != ["-m"] or not sys.argv[2].startswith("stages."):
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    asked = json.dumps([sys.argv[2:], os.getcwd(), dict(os.environ)]).encode()
    sent = socket.send_fds(server, [asked], [0, 1, 2])
    server.sendall(asked[sent:])
    server.shutdown(socket.SHUT_WR)
    status = server.recv(1)
sys.exit(status[0] if status else "the warm Python died")
"""


@contextmanager
def warm_python(folder: Path) -> Iterator[Path]:
    """Serve while the block runs; yield the folder of the command ``python``."""
    if sys.platform != "linux":  # elsewhere a fork of such a process is not safe
        yield Path(sys.executable).parent
        return
    address, command = str(folder / "socket"), folder / "bin/python"
    command.parent.mkdir()
    command.write_text(COMMAND.format(python=sys.executable, address=address))
    command.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}  # no thread: it forks
        server = subprocess.Popen([sys.executable, __file__], stdin=listener, env=environment)
    try:
        yield command.parent
    finally:
        server.terminate()
        server.wait()


def serve() -> None:
    """Fork for one caller after the other, as long as the parent lives."""
    for name in PACKAGES:
        importlib.import_module(name)
    gc.freeze()
    parent = os.getppid()
    with socket.socket(fileno=os.dup(0)) as listener:
        while os.getppid() == parent:
            if select.select([listener], [], [], 5)[0]:
                with listener.accept()[0] as caller:
                    answer(caller)


def answer(caller: socket.socket) -> None:
    """Run what the caller asks for, and tell it how that ended."""
    asked, files, *_ = socket.recv_fds(caller, 1 << 16, 3)
    while more := caller.recv(1 << 16):
        asked += more
    context = multiprocessing.get_context("fork")
    worker = context.Process(target=run, args=(files, *json.loads(asked)))
    worker.start()
    worker.join()
    for file in files:
        os.close(file)
    caller.send(bytes([worker.exitcode % 256]))


def run(files: list[int], arguments: list[str], folder: str, environment: dict[str, str]) -> None:
    """Become the process that the caller asked for."""
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[0], sys.argv = folder, arguments
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    serve()
