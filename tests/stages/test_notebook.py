"""docs/digits.ipynb, from the top on fewer digits, and the page that it makes."""

import base64
import importlib.util
import re

import nbformat
import pytest
from clones import ROOT

QUICK = {
    "1500": "300",
    "verbose=True": "verbose=True, spectralnet={'epochs': 2, 'steps_per_epoch': 10}",
}


@pytest.fixture(scope="module")
def notebooks():
    """The hook of MkDocs, which is no module of a package."""
    spec = importlib.util.spec_from_file_location("notebook", ROOT / "docs/.notebook.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def notebook():
    return nbformat.read(ROOT / "docs/digits.ipynb", as_version=4)


def code_of(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_the_notebook_runs_from_the_top_and_shows_what_was_saved(notebooks, notebook, tmp_path):
    saved = [[shown.output_type for shown in cell.outputs] for cell in code_of(notebook)]
    for before, after in QUICK.items():
        assert any(before in cell.source for cell in code_of(notebook))
        for cell in code_of(notebook):
            cell.source = cell.source.replace(before, after)
    done = notebooks.run(notebook, tmp_path)
    bars = [
        shown["data"]["text/plain"]
        for cell in code_of(done)
        for shown in cell.outputs
        if notebooks.BAR in shown.get("data", {})
    ]
    assert [bar.split(":")[0] for bar in bars] == ["eigenvectors", "spectralnet"]
    outputs = [cell.outputs for cell in code_of(notebooks.without_bars(done))]
    assert [[shown.output_type for shown in cell] for cell in outputs] == saved
    assert not [shown for cell in outputs for shown in cell if shown.get("name") == "stderr"]
    assert outputs[-1][0]["data"]["text/plain"] == "True"
    assert (tmp_path / "digits-model/model.json").exists()


def test_its_page_shows_code_tables_and_small_pictures(notebooks, notebook):
    assert [cell.execution_count for cell in code_of(notebook)] == list(
        range(1, len(code_of(notebook)) + 1)
    )
    page = notebooks.as_markdown(notebook)
    pictures = re.findall(r'<img alt="" src="data:image/png;base64,([\w+/=\n]+)">', page)
    assert len(pictures) == 3
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)
    assert sum(map(len, pictures)) < 300_000
    assert page.count("```python\n") == len(code_of(notebook))
    assert page.count("<table") == 2
    assert "````\nadjusted Rand index 0." in page
