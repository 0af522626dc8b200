"""What all tests share. xdist's controller, which runs none, reads this too: no slow imports."""

import os
from pathlib import Path

import pytest
from clones import TINY, Clone
from warm import warm_python

# Its thread changes the environment while other threads read it: then requests fail.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")


def pytest_addoption(parser):
    parser.addoption("--screenshots", type=Path, help="keep pictures of pages in this folder")


@pytest.fixture
def screenshots(request, tmp_path) -> Path:
    return request.config.getoption("--screenshots") or tmp_path


@pytest.fixture
def cpu():
    import torch

    return torch.device("cpu")


@pytest.fixture(scope="session")
def warm(tmp_path_factory) -> Path:
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        return warm_python(folder.parent / "warm", os.getppid())
    return warm_python(folder / "warm", os.getpid())


@pytest.fixture(scope="session")
def clone(tmp_path_factory, warm):
    return Clone(tmp_path_factory.mktemp("clone"), warm)


@pytest.fixture(scope="session")
def code_siamese(clone):
    ran = clone.experiment("code-siamese", **TINY)
    clone.git("commit", "--quiet", "--all", "--message", "first run")
    return ran


@pytest.fixture(scope="session")
def input_euclidean(clone, code_siamese):
    return clone.experiment("input-euclidean", space="input", affinity="euclidean")


@pytest.fixture(scope="session")
def described(clone, input_euclidean, tmp_path_factory):
    """Run the default, `space: auto`, in a copy, which leaves the first clone as it is."""
    copy = clone.copy(tmp_path_factory.mktemp("described") / "clone")
    copy.git("checkout", "--quiet", "HEAD", "--", ".")
    ran = copy.experiment("auto-euclidean", space="auto", affinity="euclidean")
    copy.git("commit", "--quiet", "--all", "--message", "the default")
    return copy, ran
