"""The document of results: tables in Markdown, beside what was published elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from spectralnet.report.results import STAGES, rank_correlations, summarise

USUAL = {"augment": "none", "fit_on": "all", "labelled": "0.0"}
# What to tell DVC, for methods that a plain run leaves out.
TARGETS = {
    "dec": " stages/methods/dvc.yaml:dec",
    "dual_autoencoder": " stages/methods/dvc.yaml:dual_autoencoder",
    "stacked_kmeans": " stages/methods/dvc.yaml:stacked_kmeans",
    "umap_gmm": " stages/rivals/dvc.yaml:umap_gmm",
}
INTRODUCTION = """# Results

Made by `python -m stages.collect` from what the runs recorded ([results.csv](results.csv)), not
by hand. ACC and NMI (arithmetic mean of the entropies) are means over seeds ± their standard
deviation. Labels score; nothing is trained by them, except where a part is said to be labelled.

* method and setting: `kmeans, code` is k-means on the codes, `kmeans, input` on the input
  features, `kmeans, ..., siamese` on the Siamese embedding; `spectral` is exact spectral
  clustering of the graph of the space and affinity. Other names: [methods.md](methods.md).
* `worst`: the least ACC of the seeds. `held out`: ACC of points that were not fitted, whose
  clusters are matched to classes by themselves.
* `Grassmann²`: squared Grassmann distance of the net's eigenspace to the exact one. 0 is best; a
  lost eigenvector adds 1.
* `seconds` (median, scoring left out) and `MiB` (the most memory that a stage held) are of all
  stages of a method; a baseline that SpectralNet's evaluation made has none. Some runs shared the
  cores with other work.
* `eigengap suggests`: so many clusters, for each seed.
* `paper`: ACC / NMI of the same setting as published elsewhere; sources are in the table below.

Each command starts from the committed parameters (`git checkout HEAD -- params.yaml`).
"""
ON_CRITERIA = """## Criteria without labels

Spearman's rank correlation with ACC over the runs of a data set: over all of them, where settings
differ too, and within a setting (distances from the mean of its seeds). `modularity`: of the
clusters in the graph's edges, which chooses the number of eigenvectors (fairly compared within one
graph only: `python -m benchmarks.selection`); `seed_agreement`: mean NMI with the same setting's
clusterings under other seeds; `agreement`: NMI with exact spectral clustering of the same graph;
`grassmann`: squared Grassmann distance to its eigenspace; `eigengap`: relative gap after as many
eigenvalues as clusters.
"""


def document(table: pd.DataFrame, published: pd.DataFrame) -> str:
    """Write the results as Markdown.

    Parameters
    ----------
    table : DataFrame
        With `COLUMNS`.
    published : DataFrame
        `dataset`, `method`, `space`, `affinity`, `augment`, `acc`, `nmi`, `source`: figures
        of papers, by the name of the system where it is none of ours.

    Returns
    -------
    str
    """
    summary = summarise(table)
    parts = [INTRODUCTION]
    for dataset, rows in summary.groupby("dataset"):
        theirs = published[published["dataset"] == dataset]
        own = rows[rows["method"].isin(["spectralnet", *TARGETS])]
        parts += [
            f"## {dataset}\n",
            markdown([_score_row(row, theirs) for row in rows.to_dict("records")]),
            "Published elsewhere:\n",
            markdown([_published_row(row) for row in theirs.to_dict("records")]),
            "How the rows come about, and how long the stages take (median seconds, all told):\n",
            markdown([_command_row(row) for row in own.to_dict("records")]),
            _unmatched(own, theirs),
        ]
    parts += [ON_CRITERIA, markdown(rank_correlations(table).to_dict("records"))]
    return "\n".join(part for part in parts if part)


def markdown(rows: Sequence[Mapping[Any, object]]) -> str:
    """Turn rows into a Markdown table; numbers with three decimals, gaps empty."""
    if not rows:
        return "none\n"
    lines = [list(rows[0]), ["---"] * len(rows[0])]
    lines += [[_cell(value) for value in row.values()] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _cell(value: object) -> str:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.3f}".removesuffix(".000")
    return str(value)


def _name(row: Mapping[Any, Any]) -> str:
    parts = [row["space"], row["affinity"]]
    parts += [f"{name} {row[name]}" for name in ("augment", "fit_on") if row[name] != USUAL[name]]
    if row["topics"]:
        parts.append(f"{row['topics']} topics")
    if float(row["labelled"]) > 0:
        parts.append(f"{row['labelled']} labelled")
    return ", ".join(part for part in parts if part)


def _spread(row: Mapping[Any, Any], score: str) -> str:
    spread = row[f"{score}_std"]
    return f"{row[score]:.3f}" + ("" if np.isnan(spread) else f" ± {spread:.3f}")


def _whole(number: float) -> str:
    return "" if np.isnan(number) else f"{number:.0f}"


def _score_row(row: Mapping[Any, Any], published: pd.DataFrame) -> dict[str, object]:
    paper = _match(row, published)
    return {
        "method": row["method"],
        "setting": _name(row),
        "n": row["n"],
        "seeds": row["seeds"],
        "ACC": _spread(row, "acc"),
        "worst": row["acc_min"],
        "NMI": _spread(row, "nmi"),
        "held out": row["acc_test"],
        "Grassmann²": row["grassmann"],
        "seconds": _whole(row["seconds_unscored"]),
        "MiB": _whole(row["peak_memory"]),
        "eigengap suggests": row["suggested"],
        "paper": "" if paper is None else f"{paper['acc']:.3f} / {paper['nmi']:.3f}",
    }


def _published_row(row: Mapping[Any, Any]) -> dict[str, object]:
    setting = ", ".join(row[name] for name in ("space", "affinity", "augment") if row[name])
    names = ("method", "acc", "nmi", "source")
    method, acc, nmi, source = (row[name] for name in names)
    return {"method": method, "setting": setting, "ACC": acc, "NMI": nmi, "source": source}


def _command_row(row: Mapping[Any, Any]) -> dict[str, object]:
    target = TARGETS.get(row["method"], "")
    given = ["dataset", "space", "affinity"] if not target else ["dataset"]
    given += [name for name in USUAL if str(row[name]) != USUAL[name]]
    command = "".join(f" -S {name}={row[name]}" for name in given)
    if topics := row["topics"]:
        command += f" -S reuters.topics={topics} -S reuters.n_clusters={topics}"
    known = [stage for stage in STAGES if row[f"seconds_{stage}"] > 0]
    seconds = {stage: str(round(row[f"seconds_{stage}"])) for stage in known}
    return {
        "command, for each seed": f"`dvc exp run{command} -S seed=...{target}`",
        **{stage: seconds.get(stage, "") for stage in STAGES},
        "all": str(round(row["seconds"])),
    }


def _match(row: Mapping[Any, Any], published: pd.DataFrame) -> Mapping[Any, Any] | None:
    same = published[["method", "space", "affinity", "augment"]] == [
        row[name] for name in ("method", "space", "affinity", "augment")
    ]
    found = published[same.all(axis=1)].to_dict("records")
    usual = all(str(row[name]) == USUAL[name] for name in ("fit_on", "labelled"))
    return found[0] if found and usual else None


def _unmatched(own: pd.DataFrame, published: pd.DataFrame) -> str:
    """Name what stays below the published figure of the same setting."""
    lines = [
        f"- {', '.join(filter(None, [row['method'], _name(row)]))}: "
        f"{score.upper()} {row[score]:.3f}, published {paper[score]:.3f}"
        for row in own.to_dict("records")
        if (paper := _match(row, published)) is not None
        for score in ("acc", "nmi")
        if round(row[score], 3) < paper[score]
    ]
    return "\n".join(["Below the published figure:\n", *lines, ""]) if lines else ""
