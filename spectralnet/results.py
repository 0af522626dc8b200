"""The table of results: one row a run and method, and the document made from it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SETTING = ["dataset", "method", "space", "affinity", "augment", "fit_on", "topics", "labelled"]
SCORES = ["acc", "nmi", "ari"]
OF_THE_RUN = ["acc_test", "nmi_test", "kmeans_acc", "spectral_acc", "grassmann", "seconds"]
CRITERIA = ["modularity", "seed_agreement", "agreement", "grassmann", "eigengap"]
STAGES = ["prepare", "autoencoder", "graph", "siamese", "spectralnet", "evaluate"]
SECONDS = [f"seconds_{stage}" for stage in STAGES]
SUGGESTED = "suggested_n_clusters"
OTHERS = [
    *["modularity", "seed_agreement", "agreement", "eigengap", SUGGESTED, *SECONDS],
    "peak_memory",
]
RECORDED = [*OF_THE_RUN, *OTHERS]
NUMBERS = [*SCORES, *RECORDED]
COLUMNS = [
    *["dataset", "method", "space", "affinity", "augment", "fit_on", "topics", "seed", "n"],
    *[*SCORES, *OF_THE_RUN, "commit", "labelled", *OTHERS],
]
USUAL = {"augment": "none", "fit_on": "all", "labelled": "0.0"}
INTRODUCTION = """# Results

Made by `python -m stages.collect` from what the runs recorded ([results.csv](results.csv)), not
by hand. ACC and NMI (arithmetic mean of the entropies) are means over seeds ± their standard
deviation. Labels score; nothing is trained by them, except where a part is said to be labelled.
`seconds` (median) and `MiB` (the most memory that a stage held) are of all stages of a method; a
baseline that SpectralNet's evaluation made has none. Each command starts from the committed
parameters: `git checkout HEAD -- params.yaml`.
"""
ON_CRITERIA = """## Criteria without labels

Spearman's rank correlation with ACC over the runs of a data set. `modularity`: of the clusters in
the graph's edges, which chooses the number of eigenvectors (fairly compared within one graph only:
`python -m benchmarks.selection`); `seed_agreement`: mean NMI with
the same setting's clusterings under other seeds; `agreement`: NMI with exact spectral clustering
of the same graph; `grassmann`: squared Grassmann distance to its eigenspace; `eigengap`: relative
gap after as many eigenvalues as clusters.
"""
METHODS = {"spectralnet": "", "kmeans": "kmeans_", "spectral": "spectral_"}
# Runs of methods of their own, by the rows that hold them; others depend on no space or affinity.
SAME = {
    "kmeans": {"space": "input"},
    "ae_kmeans": {"method": "kmeans", "space": "code"},
}


def rows_of(
    params: Mapping[str, str], metrics: Mapping[str, float], commit: str
) -> list[dict[str, object]]:
    """Turn what a run recorded into rows: SpectralNet's, and two of baselines on its inputs.

    A run of another method gives one row.

    Parameters
    ----------
    params, metrics : dict
        As `evaluate`, or a method's stage, logs them.
    commit : str

    Returns
    -------
    list of dict
        Keys are `COLUMNS`, as far as they apply. "kmeans" is k-means on the features of the
        space, "spectral" the exact eigenvectors of the graph.
    """
    setting = {name: params[name] for name in SETTING if name in params}
    shared = setting | {"seed": int(params["seed"]), "n": int(metrics["n"]), "commit": commit[:12]}
    rows: list[dict[str, object]] = []
    if "method" in params:
        row = shared | {n: metrics[n] for n in NUMBERS if n in metrics}
        if params["method"] != "spectral":  # which is the graph's
            unused = {"space": "", "affinity": "", "augment": "none"}
            row |= unused | SAME.get(params["method"], {})
        return [row]
    for method, prefix in METHODS.items():
        scores = {name: metrics[prefix + name] for name in SCORES if prefix + name in metrics}
        rows.append(shared | {"method": method} | scores)
    rows[0] |= {name: metrics[name] for name in RECORDED if name in metrics}
    rows[1] |= {"affinity": "", "augment": "none"}  # neither is used
    return rows


def read_table(path: Path) -> pd.DataFrame:
    """Read a table that was written as CSV; settings that do not apply are empty strings."""
    table = pd.read_csv(path, dtype=dict.fromkeys([*SETTING, "commit"], str))
    return table.fillna(dict.fromkeys(SETTING, ""))


def merge(table: pd.DataFrame, rows: list[dict[str, object]]) -> pd.DataFrame:
    """Add rows to a table; of rows of the same setting and seed the last one stays."""
    new = pd.DataFrame(rows).reindex(columns=COLUMNS)
    whole = pd.concat([table.reindex(columns=COLUMNS).astype(object), new.astype(object)])
    whole[SETTING] = whole[SETTING].fillna("").astype(str)
    whole = whole.drop_duplicates([*SETTING, "seed"], keep="last")
    return whole.sort_values([*SETTING, "seed"], ignore_index=True)


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Average over seeds: one row a setting, with mean, standard deviation and least ACC.

    Parameters
    ----------
    table : DataFrame
        With `COLUMNS`.

    Returns
    -------
    DataFrame
        `SETTING`, `n`, `seeds` (which), and for each number its mean over them, for seconds
        the median; `acc_std`, `nmi_std` (NaN for one seed) and `acc_min`.
    """
    groups = table.astype(dict.fromkeys(NUMBERS, float)).groupby([*SETTING, "n"])
    summary = groups[NUMBERS].mean()
    # A run that shared the machine took longer, one that went on from a checkpoint less.
    summary[["seconds", *SECONDS]] = groups[["seconds", *SECONDS]].median()
    summary[["acc_std", "nmi_std"]] = groups[["acc", "nmi"]].std()
    summary["acc_min"] = groups["acc"].min()
    summary["suggested"] = groups[SUGGESTED].agg(
        lambda found: ", ".join(f"{k:.0f}" for k in found.dropna())
    )
    summary["seeds"] = groups["seed"].agg(lambda seeds: ", ".join(str(s) for s in sorted(seeds)))
    return summary.reset_index()


def rank_correlations(table: pd.DataFrame) -> pd.DataFrame:
    """Say how well criteria that need no labels rank runs: Spearman's correlation with ACC.

    Parameters
    ----------
    table : DataFrame
        With `COLUMNS`.

    Returns
    -------
    DataFrame
        One row a data set, `runs` and a column a criterion; empty where fewer than three
        runs have it. A good criterion is near 1, `grassmann` near -1.
    """
    rows = {}
    for dataset, runs in table[table["method"] == "spectralnet"].groupby("dataset"):
        numbers = runs[["acc", *CRITERIA]].astype(float)
        known = numbers.notna().sum() >= 3
        found = numbers.corr(method="spearman")["acc"].where(known)[CRITERIA]
        rows[dataset] = pd.concat([pd.Series({"runs": len(runs)}), found])
    return pd.DataFrame(rows).T


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
        ours = rows[rows["method"] == "spectralnet"]
        parts += [
            f"## {dataset}\n",
            markdown([_score_row(row, theirs) for row in rows.to_dict("records")]),
            "Published elsewhere:\n",
            markdown([_published_row(row) for row in theirs.to_dict("records")]),
            "How the rows come about, and how long the stages take (seconds, median):\n",
            markdown([_command_row(row) for row in ours.to_dict("records")]),
            _unmatched(ours, theirs),
        ]
    ranks = rank_correlations(table).reset_index(names="dataset")
    parts += [ON_CRITERIA, markdown(ranks.to_dict("records"))]
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
        "least": row["acc_min"],
        "NMI": _spread(row, "nmi"),
        "ACC held out": row["acc_test"],
        "Grassmann²": row["grassmann"],
        "seconds": _whole(row["seconds"]),
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
    given = ["dataset", "space", "affinity"]
    given += [name for name in USUAL if str(row[name]) != USUAL[name]]
    command = "".join(f" -S {name}={row[name]}" for name in given)
    if topics := row["topics"]:
        command += f" -S reuters.topics={topics} -S reuters.n_clusters={topics}"
    known = [stage for stage in STAGES if row[f"seconds_{stage}"] > 0]
    seconds = {stage: str(round(row[f"seconds_{stage}"])) for stage in known}
    return {
        "command, for each seed": f"`dvc exp run{command} -S seed=...`",
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


def _unmatched(ours: pd.DataFrame, published: pd.DataFrame) -> str:
    """Name what stays below the published figure of the same setting."""
    lines = [
        f"- {_name(row)}: {score.upper()} {row[score]:.3f}, published {paper[score]:.3f}"
        for row in ours.to_dict("records")
        if (paper := _match(row, published)) is not None
        for score in ("acc", "nmi")
        if row[score] < paper[score]
    ]
    return "\n".join(["Below the published figure:\n", *lines, ""]) if lines else ""
