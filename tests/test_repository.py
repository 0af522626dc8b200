"""What contributors and services read of the repository names what is there."""

import email.message
import importlib.metadata
import json
import re
import subprocess
import tomllib

import pytest
import yaml
from clones import ROOT
from packaging.requirements import Requirement

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
MAKE = re.compile(r"\bmake(?: +(?:--?[a-z]\S*|[A-Z_]+=\S*))* +([a-z-]+)")
NAME_TARGETS = [
    ".ci/run", ".devcontainer/devcontainer.json", ".github/pull_request_template.md",
    ".pre-commit-config.yaml", "CONTRIBUTING.md", "Dockerfile", "README.md",
]  # fmt: skip


def code(text: str) -> str:
    """Return the code of a Markdown page, where "make" is the program."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_phony_targets_are_those_that_there_are():
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(phony[1].split()) == TARGETS


@pytest.mark.parametrize("name", [*NAME_TARGETS, *(str(p.relative_to(ROOT)) for p in WORKFLOWS)])
def test_every_make_target_that_is_named_exists(name):
    text = (ROOT / name).read_text()
    if name.endswith(".md"):
        text = code(text)
    named = set(MAKE.findall(text.replace('", "', " ")))
    assert named
    assert named <= TARGETS


def test_the_workflow_runs_what_ci_runs_and_nothing_else():
    """Side by side: of tests with servers and without, which are one session there, each alone."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    commands = [step["run"] for step in steps(workflow) if "run" in step]
    together = 'make test MARKS="not release"'
    ran = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line[:5] == "make "]
    assert together in ran
    alone = ["make test", "make test-services"]
    assert sorted(commands) == sorted([*alone, *(line for line in ran if line != together)])
    minors = workflow["jobs"]["test"]["strategy"]["matrix"]["python-version"]
    oldest = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert minors[0] == oldest[1]
    assert all(isinstance(minor, str) for minor in minors)  # else 3.10 would be 3.1


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_may_read_and_pin_their_actions(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    writers = {
        name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job
    }
    assert all("run" not in step for name in writers for step in workflow["jobs"][name]["steps"])
    for step in steps(workflow):
        assert ("run" in step) != ("uses" in step)
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])
        else:  # text that others wrote reaches a shell through variables only
            assert "${{" not in step["run"]


@pytest.mark.parametrize("name", ["bug", "feature"])
def test_issue_forms_ask_something(name):
    form = yaml.safe_load((ROOT / f".github/ISSUE_TEMPLATE/{name}.yml").read_text())
    assert {"name", "description", "body"} <= form.keys()
    fields = [field["id"] for field in form["body"]]
    assert len(set(fields)) == len(fields)


def test_the_version_has_its_entry_and_its_citation():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == VERSION
    assert citation["cff-version"] == "1.2.0"
    changes = (ROOT / "CHANGELOG.md").read_text()
    released = re.search(rf"^## \[{re.escape(VERSION)}\] - (.*)$", changes, re.MULTILINE)
    assert released[1] == str(citation["date-released"])
    assert "\n## [Unreleased]\n" in changes


def test_the_citation_names_the_papers_of_the_methods():
    papers = yaml.safe_load((ROOT / "CITATION.cff").read_text())["references"]
    assert len(papers) == 3
    assert all({"title", "authors", "year", "url"} <= paper.keys() for paper in papers)


def test_the_container_gets_every_tracked_file(tmp_path):
    """Docker's patterns, written as Git's, which begin with a slash where Docker's need none."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [
        re.sub(r"^(!?)(?!\*\*)", r"\1/", line) for line in lines if not line.startswith("#")
    ]
    (tmp_path / "ignored").write_text("\n".join(patterns))
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--ignored", f"--exclude-from={tmp_path / 'ignored'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert listed.stdout == ""


def test_the_editor_opens_the_checkout_where_the_container_has_its_own():
    settings = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert f"WORKDIR {settings['workspaceFolder']}\n" in dockerfile
    assert f"target={settings['workspaceFolder']}," in settings["workspaceMount"]
    assert f"USER {settings['remoteUser']}\n" in dockerfile
    assert "COPY . ." not in dockerfile  # would be root's


def test_the_trained_model_is_an_artifact_of_the_pipeline():
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    model = pipeline["artifacts"]["spectralnet"]
    assert model["type"] == "model"
    assert model["path"] in pipeline["stages"]["spectralnet"]["outs"]


PERMISSIVE = re.compile(r"\b(MIT|BSD|Apache|Python Software Foundation|PSF|0BSD)\b")
COPYLEFT = re.compile(r"GPL|GNU|Affero|EUPL|CC-BY-(NC|SA)|Proprietary", re.IGNORECASE)


def licence(metadata: email.message.Message) -> str:
    said = [metadata.get("License-Expression") or (metadata.get("License") or "")[:80]]
    named = [c for c in metadata.get_all("Classifier") or [] if c.startswith("License ::")]
    return "; ".join([*said, *(name.rpartition("::")[2].strip() for name in named)])


def test_the_library_stands_on_permissive_licences_alone():
    """What `pip install` brings; the extras bring DVC's and psycopg's GPL and LGPL parts."""
    extras = {"extra": ""}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    todo, found = list(project["dependencies"]), {}
    while todo:
        wanted = Requirement(todo.pop())
        if wanted.name not in found and (not wanted.marker or wanted.marker.evaluate(extras)):
            package = importlib.metadata.distribution(wanted.name)
            found[wanted.name] = licence(package.metadata)
            todo += package.requires or []
    assert len(found) > 20
    for name, said in found.items():
        assert PERMISSIVE.search(said), (name, said)
        assert not COPYLEFT.search(said), (name, said)
