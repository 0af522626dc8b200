"""The wiring of the pipeline, read from its files."""

import ast
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml
from clones import ROOT

from spectralnet.config.settings import Settings
from spectralnet.methods.catalogue import METHODS
from spectralnet.methods.learned import LEARNED
from stages.settings import VIEWS

# Changes to these do not change what a stage computes: values of the schema are tracked as
# parameters, and the rest reads, writes, reports and refuses.
BOOKKEEPING = (
    "stages/__init__.py",
    "stages/common.py",
    "stages/method.py",
    "spectralnet/__init__.py",
    "spectralnet/artifacts.py",
    "spectralnet/checks.py",
    "spectralnet/config",
    "spectralnet/data/described.py",
    "spectralnet/errors.py",
    "spectralnet/folders.py",
    "spectralnet/methods/catalogue.py",
    "spectralnet/methods/growing/former.py",
    "spectralnet/methods/predictor.py",
    "spectralnet/methods/task.py",
    "spectralnet/nets/saved.py",
    "spectralnet/parameters.py",
    "spectralnet/progress.py",
    "spectralnet/report/model_card.py",
    "spectralnet/tracking",
)
FILES = ("dvc.yaml", "stages/dvc.yaml", "stages/methods/dvc.yaml", "stages/rivals/dvc.yaml")
STAGES = {
    name: stage
    for file in FILES
    for name, stage in yaml.safe_load((ROOT / file).read_text())["stages"].items()
}
COMPUTING = STAGES.keys() - {"settings"}  # which depends on all that has defaults


def within(path: str, folders: tuple[str, ...] | list[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


@cache
def imported(path: Path) -> set[Path]:
    """Find the modules that a module imports; what it names for its types alone is left out."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found |= {ROOT / f"{name.replace('.', '/')}.py" for name in names}
    return {file for file in found if file.exists()}


def reached(roots: list[str]) -> set[str]:
    seen: set[str] = set()
    todo = [ROOT / root for root in roots]
    while todo:
        name = (file := todo.pop()).relative_to(ROOT).as_posix()
        if name not in seen and (name in roots or not within(name, BOOKKEEPING)):
            seen.add(name)
            todo += imported(file)
    return seen


def roots_of(name: str) -> list[str]:
    """The stage's script, and what a method's stage runs by its name."""
    roots = [f"{STAGES[name]['cmd'].split()[2].replace('.', '/')}.py"]
    names = (name, *STAGES[name].get("matrix", {}).get("name", ()))
    modules = [METHODS[n].function.partition(":")[0] for n in names if n in METHODS]
    return roots + [f"{module.replace('.', '/')}.py" for module in modules]


@pytest.mark.parametrize("name", sorted(COMPUTING))
def test_a_stage_depends_on_the_code_that_it_runs_and_on_no_other(name):
    roots = roots_of(name)
    modules = reached(roots)
    declared = [dep for dep in STAGES[name]["deps"] if dep.startswith(("stages/", "spectralnet/"))]
    assert not {module for module in modules if not within(module, declared)}
    inside = {
        path.relative_to(ROOT).as_posix()
        for dep in declared
        for path in ((ROOT / dep).rglob("*.py") if (ROOT / dep).is_dir() else [ROOT / dep])
        if path.name != "__init__.py"
    }
    assert not {path for path in inside - modules if not within(path, BOOKKEEPING)}
    assert roots[0] in declared


@pytest.mark.parametrize("name", sorted(COMPUTING))
def test_a_stage_is_given_the_paths_that_it_declares(name):
    stage = STAGES[name]
    *read, written = re.sub(r"(?<!\$)\{", "${", stage["cmd"]).split()[3:]
    files = ("${own.path}", "${own.must_link}", "${own.cannot_link}", "${own.warm_start}")
    aside = ("stages/", "spectralnet/", *files, "artifacts/${dataset}/settings/")
    data = [dep for dep in stage["deps"] if not dep.startswith(aside)]
    for folder in read:
        assert any(within(dep, [folder]) for dep in data)
    for dep in data:
        assert within(dep, read)
    for out in stage["outs"]:
        assert within(out, [written])


@pytest.mark.parametrize("name", sorted(COMPUTING))
def test_a_stage_depends_on_the_settings_that_it_reads(name):
    """As ``settings.graph`` in its script, or ``task.graph_params`` in a method's function."""
    code = "".join((ROOT / root).read_text() for root in roots_of(name))
    read = set(re.findall(r"\bsettings\.(\w+)", code)) & Settings.model_fields.keys()
    if name in METHODS or "matrix" in STAGES[name]:  # the script reads all of a task
        given = set(re.findall(r"\btask\.(\w+)", code))
        names = {"graph_params": "graph", "spectral_params": "spectralnet"}
        read = {names.get(field, field) for field in given & {"n_clusters", *names}}
    parts = {Path(dep).stem for dep in STAGES[name]["deps"] if "/settings/" in dep}
    views = {view: part for view, (part, _) in VIEWS.items()}
    assert read <= {views.get(part, part) for part in parts}


@pytest.mark.parametrize("name", sorted(STAGES))
def test_no_parameter_stands_in_a_command(name):
    """A shell would run what follows ; in it; stages fill their paths in themselves."""
    assert set(re.findall(r"\$\{(.*?)\}", STAGES[name]["cmd"])) <= {"item.name"}


def test_what_is_registered_has_a_stage_and_is_compared():
    assert LEARNED.keys() <= STAGES.keys()
    compared = {Path(dep).parent.name for dep in STAGES["compare_all"]["deps"]}
    ours = {Path(dep).parent.name for dep in STAGES["compare"]["deps"]}
    for name, method in METHODS.items():
        assert (method.stage or name).partition("@")[0] in STAGES
        assert name in (compared & ours if method.stages == FILES[2] else compared)


# From what everything stands on to what a user meets: a room imports those above it alone.
ROOMS = (
    ("errors", "progress", "parameters"),
    ("matrices",),
    ("artifacts", "checks"),
    ("folders",),
    ("data",),
    ("nets",),
    ("codes", "graph"),
    ("metric", "spectral"),
    ("clusters",),
    ("membership",),
    ("methods",),
    ("config",),
    ("estimators", "report"),
    ("tracking",),
    ("serving",),
    ("cli",),
)


def room_of(module: Path) -> str:
    return module.relative_to(ROOT / "spectralnet").parts[0].removesuffix(".py")


def library() -> list[Path]:
    modules = sorted((ROOT / "spectralnet").rglob("*.py"))
    return [module for module in modules if module.name != "__init__.py"]


def test_imports_point_one_way():
    """Each room imports those before it, no module is reached from itself, none knows stages."""
    height = {room: i for i, rooms in enumerate(ROOMS) for room in rooms}
    edges = {module: imported(module) for module in library()}
    for module, found in edges.items():
        assert not any(ROOT / "stages" in file.parents for file in found)
        for file in found - {ROOT / "spectralnet/__init__.py"}:
            here, there = room_of(module), room_of(file)
            assert here == there or height[there] < height[here], f"{module} imports {file}"
    done = {ROOT / "spectralnet/__init__.py"}
    while ready := [m for m in edges if m not in done and edges[m] <= done]:
        done |= set(ready)
    assert done >= set(edges)


def test_each_room_has_an_index_that_names_its_modules_and_imports_nothing():
    """Those of methods are named by the catalogue."""
    methods = {method.function.partition(":")[0].split(".")[2] for method in METHODS.values()}
    rooms = {module.parent for module in library()} - {ROOT / "spectralnet"}
    for room in rooms:
        index = (room / "__init__.py").read_text()
        assert not [node for node in ast.parse(index).body if not isinstance(node, ast.Expr)]
        named = {name for line in index.splitlines() for name in re.findall(r"`(\w+)`", line)}
        inside = {path.stem for path in room.iterdir()} - {"__init__", "__pycache__"}
        assert inside <= named | methods, f"{room}: {inside - named}"


def test_modules_are_short():
    for module in library():
        assert len(module.read_text().splitlines()) <= 250, module


def test_the_tracking_room_alone_knows_mlflow_and_none_knows_dvc():
    for module in library():
        source = module.read_text()
        assert "import dvc" not in source
        knows = "import mlflow" in source or "from mlflow" in source
        assert not knows or room_of(module) == "tracking", module


def changes(told: list[str | dict[str, dict]]) -> list[tuple]:
    """What DVC tells of a stage, such as ("changed deps", "params.yaml", {"seed": "modified"})."""
    found = []
    for change in told:
        if isinstance(change, str):  # "changed command"
            found.append((change, None, None))
        else:
            found += [(kind, *file) for kind, files in change.items() for file in files.items()]
    return found


@pytest.mark.release
@pytest.mark.parametrize("lock", ["dvc.lock", "stages/dvc.lock"])
def test_the_committed_locks_are_of_this_code(lock):
    """Else the results in Git are another program's: `make run`, and commit what it changes.

    What DVC alone holds, a checkout without its cache lacks.
    """
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "status", "--json", lock.replace(".lock", ".yaml")],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    locked = yaml.safe_load((ROOT / lock).read_text())["stages"]
    in_git = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    for stage, told in json.loads(done.stdout).items():
        if stage.rpartition(":")[2] in locked:
            changed = [
                (what, path, state)
                for what, path, state in changes(told)
                if path in in_git or state not in ("deleted", "not in cache")
            ]
            assert not changed, f"{stage} in {lock}: {changed}"
