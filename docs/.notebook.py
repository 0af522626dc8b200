"""Notebooks: `python docs/.notebook.py` runs them anew; a hook of MkDocs makes pages of them."""

import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbclient import NotebookClient

DOCS = Path(__file__).parent
BAR = "application/vnd.jupyter.widget-view+json"  # of a bar only its beginning would be kept


def run(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """Run a notebook from the top in a folder, by the code of this checkout."""
    paths = [str(DOCS.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    where = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, resources=where, store_widget_state=False)
    return client.execute(env=environment)


def without_bars(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Leave out progress bars, and when a cell ran."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [shown for shown in cell.outputs if BAR not in shown.get("data", {})]
    return notebook


def as_markdown(notebook: nbformat.NotebookNode) -> str:
    """Put code into fences, and below it what it shows."""
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        elif cell.cell_type == "code":
            parts += [f"```python\n{cell.source}\n```", *map(_shown, cell.outputs)]
    return "\n\n".join(parts)


def _shown(output: dict[str, Any]) -> str:
    data = output.get("data", {})
    if "image/png" in data:
        return f'<img alt="" src="data:image/png;base64,{data["image/png"].strip()}">'
    if "text/html" in data:
        return f"<div>{data['text/html']}</div>"
    shown = output.get("text") or data.get("text/plain") or "\n".join(output.get("traceback", []))
    return f"````\n{shown}\n````"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each notebook, which stays beside it as a file."""
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        text = as_markdown(nbformat.read(str(file.abs_src_path), as_version=4))
        page = file.src_uri.replace(".ipynb", ".md")
        files.append(File.generated(config, page, content=text))
    return files


if __name__ == "__main__":
    for path in DOCS.glob("*.ipynb"):
        with tempfile.TemporaryDirectory() as folder:
            done = run(nbformat.read(path, as_version=4), Path(folder))
        nbformat.write(without_bars(done), path)
