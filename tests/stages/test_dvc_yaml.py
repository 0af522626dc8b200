"""The wiring of the pipeline, read from its files."""

import ast
import hashlib
from pathlib import Path

import pytest
import yaml
from clones import ROOT

# Changes to these do not change what a stage computes: values of the schema are tracked as
# parameters, and the rest reads, writes, reports and refuses.
BOOKKEEPING = {
    "stages/__init__.py",
    "stages/common.py",
    "spectralnet/__init__.py",
    "spectralnet/artifacts.py",
    "spectralnet/config/schema.py",
    "spectralnet/errors.py",
    "spectralnet/report/model_card.py",
    "spectralnet/parameters.py",
    "spectralnet/progress.py",
    "spectralnet/tracking/registry.py",
    "spectralnet/tracking/runs.py",
    "spectralnet/checks.py",
}
KNOW_MLFLOW = {"registry.py", "runs.py", "serving.py"}
STAGES = {
    name: stage.get("do", stage)
    for file in ("dvc.yaml", "stages/dvc.yaml", "stages/methods/dvc.yaml", "stages/rivals/dvc.yaml")
    for name, stage in yaml.safe_load((ROOT / file).read_text())["stages"].items()
}


def imported(path: Path) -> set[Path]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found |= {ROOT / f"{name.replace('.', '/')}.py" for name in names}
    return {file for file in found if file.exists()}


def reachable(path: Path) -> set[str]:
    seen, todo = set(), [path]
    while todo:
        file = todo.pop()
        name = file.relative_to(ROOT).as_posix()
        if name not in seen and name not in BOOKKEEPING:
            seen.add(name)
            todo += imported(file)
    return seen


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_exactly_the_code_that_it_runs(name):
    declared = {dep for dep in STAGES[name]["deps"] if dep.endswith(".py")}
    module = STAGES[name]["cmd"].split()[2]
    assert declared == reachable(ROOT / f"{module.replace('.', '/')}.py")


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_is_given_the_paths_that_it_declares(name):
    stage = STAGES[name]
    paths = stage["cmd"].split()[3:]
    read_by_parameter = "${own.path}"
    data = [d for d in stage["deps"] if not d.endswith(".py") and d != read_by_parameter]
    for folder in paths[:-1]:
        assert any(dep == folder or dep.startswith(f"{folder}/") for dep in data)
    for dep in data:
        assert any(dep == folder or dep.startswith(f"{folder}/") for folder in paths[:-1])
    for out in stage["outs"]:
        assert out == paths[-1] or out.startswith(f"{paths[-1]}/")


def test_imports_point_one_way():
    """No module of the library is reached from itself, and none knows the stages."""
    modules = sorted((ROOT / "spectralnet").rglob("*.py"))
    edges = {module: imported(module) for module in modules}
    assert not any(ROOT / "stages" in file.parents for files in edges.values() for file in files)
    done: set[Path] = set()
    while ready := [m for m in modules if m not in done and edges[m] <= done]:
        done |= set(ready)
    assert done == set(modules)


def test_few_modules_know_mlflow_and_none_knows_dvc():
    for module in (ROOT / "spectralnet").rglob("*.py"):
        source = module.read_text()
        assert "import dvc" not in source
        assert ("import mlflow" in source or "from mlflow" in source) == (
            module.name in KNOW_MLFLOW
        )


@pytest.mark.parametrize("lock", ["dvc.lock", "stages/dvc.lock"])
def test_the_committed_locks_are_of_this_code(lock):
    """Else the results in Git are another program's: `make run`, and commit what it changes."""
    for name, stage in yaml.safe_load((ROOT / lock).read_text())["stages"].items():
        locked = {dep["path"]: dep["md5"] for dep in stage["deps"] if dep["path"].endswith(".py")}
        current = {path: hashlib.md5((ROOT / path).read_bytes()).hexdigest() for path in locked}
        assert locked == current, f"{name} in {lock}"
