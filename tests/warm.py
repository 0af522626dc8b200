"""A Python for clones that has already imported the packages which take seconds.

`warm_python` makes the commands ``python`` and ``dvc``. For ``python -m stages.<name> ...``, DVC
and ``python -m test_<name>`` it asks a server, which holds the packages and none of the project's
modules, to fork: the child gets the caller's arguments, folder, environment and files, and runs
the module. All else the real Python runs. pytest's workers share one server. A stage that forgets
an import may pass here: `make tiny`, DVC's queue run them cold.
"""

import gc
import importlib
import json
import logging
import multiprocessing
import os
import runpy
import socket
import sys
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path

from filelock import FileLock

PACKAGES = (
    "alembic.command", "bokeh.embed", "bokeh.plotting", "dvc.cli", "dvc.commands.repro",
    "dvc.repo.experiments.queue.workspace", "dvc_data.index.checkout", "faiss", "filelock", "git",
    "hydra", "jinja2", "matplotlib.backends.backend_agg", "matplotlib.pyplot",
    "mlflow.pyfunc.model", "mlflow.pyfunc.scoring_server", "mlflow.pytorch",
    "mlflow.store.model_registry.sqlalchemy_workspace_store",
    "mlflow.store.tracking.sqlalchemy_store", "mlflow.store.tracking.sqlalchemy_workspace_store",
    "mlflow.utils.requirements_utils", "mlxtend.data", "nltk.corpus.reader", "pandas",
    "PIL.ImageOps", "pooch", "pyarrow.parquet", "pydantic", "safetensors.torch", "scipy.optimize",
    "scipy.sparse.linalg", "sklearn.cluster", "sklearn.datasets",
    "sklearn.feature_extraction.text", "sklearn.manifold", "sklearn.mixture", "torch._dynamo",
    "torch.export", "yaml",
)  # fmt: skip
COMMAND = """\
#!{python} -IS
import json, os, socket, sys
if sys.argv[1:2] != ["-m"] or not (sys.argv[2] + ".").startswith(("stages.", "dvc.", "test_")):
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


def other_hash_seed() -> str:
    """Return a seed of the hashes, which order a set, that is not this process's."""
    return "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"


def warm_python(folder: Path, owner: int) -> Path:
    """Return the folder of the command ``python``: made, and served, as long as `owner` lives."""
    if sys.platform != "linux":  # elsewhere a fork of such a process is not safe
        return Path(sys.executable).parent
    address, commands = str(folder / "socket"), folder / "bin"
    with FileLock(f"{folder}.lock"):
        if folder.exists():  # another worker came first
            return commands
        commands.mkdir(parents=True)
        command = COMMAND.format(python=sys.executable, address=address)
        (commands / "python").write_text(command)
        (commands / "dvc").write_text('#!/bin/sh\nexec python -m dvc "$@"\n')
        for executable in commands.iterdir():
            executable.chmod(0o755)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(address)
            listener.listen()
            environment = os.environ | {
                "MLFLOW_DISABLE_TELEMETRY": "true",  # no thread: it forks
                "PYTHONHASHSEED": other_hash_seed(),
            }
            stdin = [(os.POSIX_SPAWN_DUP2, listener.fileno(), 0)]
            serving = [sys.executable, __file__, str(owner)]
            os.posix_spawn(sys.executable, serving, environment, file_actions=stdin)
    return commands


def serve(owner: str) -> None:
    """Fork for each caller, as long as the process `owner` lives; tell each how that ended."""
    for name in PACKAGES:
        importlib.import_module(name)
    sys.modules["mlflow.utils.requirements_utils"]._init_modules_to_packages_map()  # a second
    logging.root.handlers.clear()  # of a package; DVC would tell everything twice
    gc.freeze()
    context = multiprocessing.get_context("fork")
    running: dict[int, tuple[ForkProcess, socket.socket]] = {}
    with socket.socket(fileno=os.dup(0)) as listener:
        while Path("/proc", owner).exists():
            for ready in wait([listener, *running], timeout=1):
                if ready is listener:
                    caller, (files, *asked) = listened(listener)
                    worker = context.Process(target=run, args=(files, *asked))
                    worker.start()
                    running[worker.sentinel] = worker, caller
                    for file in files:
                        os.close(file)
                else:
                    worker, caller = running.pop(ready)
                    worker.join()
                    caller.send(bytes([worker.exitcode % 256]))
                    caller.close()


def listened(listener: socket.socket) -> tuple[socket.socket, list]:
    """Return the next caller, and what it asks for: files, arguments, folder and environment."""
    caller, _ = listener.accept()
    asked, files, *_ = socket.recv_fds(caller, 1 << 16, 3)
    while more := caller.recv(1 << 16):
        asked += more
    return caller, [files, *json.loads(asked)]


def run(files: list[int], arguments: list[str], folder: str, environment: dict[str, str]) -> None:
    """Become the process that the caller asked for."""
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:1] = [folder, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = arguments
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    serve(sys.argv[1])
