"""The wheel as users get it: what it declares is what it needs."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import PathDistribution, distribution, packages_distributions
from pathlib import Path

import pytest
from clones import ROOT
from packaging.requirements import Requirement

pytestmark = pytest.mark.xdist_group("wheel")  # which is built once
# The rooms and modules that need an extra.
EXTRA_ROOMS = (
    "spectralnet.data.sets", "spectralnet.report", "spectralnet.tracking",
    "spectralnet.serving.app", "spectralnet.serving.export",
)  # fmt: skip
# Modules of these, and the package without which each is of no use.
NEEDED = {
    "spectralnet.tracking.runs": "mlflow",
    "spectralnet.report.plots": "matplotlib",
    "spectralnet.serving.app": "fastapi",
    "spectralnet.serving.export": "onnx",
}
# Run with the unpacked wheel first on the path; refused packages are as good as not installed, and
# fewer are refused from one set of modules to the next.
IMPORT = """
import json, sys
from importlib import import_module
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder

wheel, phases = json.load(sys.stdin)

class Allowed(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            return None
        return PathFinder.find_spec(name, path, target)

sys.meta_path = [BuiltinImporter, FrozenImporter, Allowed]
sys.path.insert(0, wheel)
told = []
for refused, modules in phases:
    failed = {}
    for name in modules:
        try:
            module = import_module(name)
        except ModuleNotFoundError as error:
            failed[name] = str(error)
        else:
            assert module.__file__.startswith(wheel), module.__file__
    told.append(failed)
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Build the wheel of a copy of the sources, and unpack it."""
    folder = tmp_path_factory.mktemp("wheel")
    (folder / "source").mkdir()
    for name in ("LICENSE", "README.md", "pyproject.toml"):
        shutil.copy2(ROOT / name, folder / "source")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "spectralnet", folder / "source/spectralnet", ignore=ignored)
    command = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--wheel-dir", folder],
        cwd=folder / "source",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def metadata(wheel: Path) -> PathDistribution:
    (info,) = wheel.glob("*.dist-info")
    return PathDistribution(info)


def modules(wheel: Path) -> list[str]:
    files = [path.relative_to(wheel) for path in wheel.glob("spectralnet/**/*.py")]
    return sorted(".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files)


def needs_extra(module: str) -> bool:
    return any(f"{module}.".startswith(f"{room}.") for room in EXTRA_ROOMS)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(requirements: list[str], extras: set[str]) -> set[str]:
    """Name the distributions that are installed for these requirements, and theirs in turn."""
    found: set[tuple[str, str]] = set()
    todo = [(requirement, extras) for requirement in requirements]
    while todo:
        text, asked = todo.pop()
        requirement = Requirement(text)
        marker = requirement.marker
        if marker and not any(marker.evaluate({"extra": extra}) for extra in {"", *asked}):
            continue
        for extra in {"", *requirement.extras}:
            key = (normal(requirement.name), extra)
            if key not in found:
                found.add(key)
                theirs = distribution(requirement.name).requires or []
                todo += [(text, {extra}) for text in theirs]
    return {name for name, _ in found}


def refused(wheel: Path, extras: set[str]) -> list[str]:
    """Name the packages that are not installed with no more than these extras."""
    distributions = closure(metadata(wheel).requires, extras)
    return [
        package
        for package, owners in packages_distributions().items()
        if not distributions & {normal(owner) for owner in owners} and package != "spectralnet"
    ]


@pytest.fixture(scope="module")
def lacking(wheel) -> list[dict[str, str]]:
    """Say what each module that fails lacks: with no extra, with `explore`, with all.

    In one process, since what is imported with few packages asks for no more with others.
    """
    names = modules(wheel)
    library = [name for name in names if not needs_extra(name)]
    assert "spectralnet.estimators.spectralnet" in library
    phases = [
        (refused(wheel, set()), [*library, *NEEDED]),
        (refused(wheel, {"explore"}), ["spectralnet.report.exploration"]),
        (refused(wheel, {"pipeline", "serve", "onnx"}), names),
    ]
    assert set(phases[0][0]) >= set(phases[1][0]) >= set(phases[2][0])
    done = subprocess.run(
        [sys.executable, "-I", "-c", IMPORT],
        input=json.dumps([str(wheel), phases]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_library_needs_what_it_declares_and_the_rest_an_extra(lacking):
    """What lacks its package shows that one which is not declared would be missed."""
    assert lacking[0] == {
        module: f"No module named '{package}'" for module, package in NEEDED.items()
    }


def test_the_page_to_explore_needs_its_own_extra(lacking):
    assert lacking[1] == {}


def test_the_extras_are_all_that_the_rest_needs(lacking):
    assert lacking[2] == {}


def test_the_wheel_has_the_library_its_types_and_its_command(wheel):
    (info,) = wheel.glob("*.dist-info")
    assert {path.name for path in wheel.iterdir()} == {"spectralnet", info.name}
    assert (wheel / "spectralnet/py.typed").exists()
    assert (wheel / "spectralnet/serving/page.html").exists()
    assert (info / "licenses/LICENSE").exists()
    (command,) = metadata(wheel).entry_points
    assert (command.name, command.value) == ("spectralnet", "spectralnet.cli:main")


def test_import_and_help_are_at_once_there(wheel):
    """Without the packages that take seconds to import."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import spectralnet\n"
        "from spectralnet.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "heavy = {'mlflow', 'pandas', 'sklearn', 'torch'}\n"
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()"
    )
    command = [sys.executable, "-I", "-c", script, str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Put the samples in FILE" in done.stdout
