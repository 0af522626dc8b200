"""The table of results, one row a run and method, and its document beside published figures."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from spectralnet.methods.catalogue import METHODS, target_of
from spectralnet.methods.learned import LEARNED

SETTING = ["dataset", "method", "space", "affinity", "augment", "fit_on", "topics", "labelled"]
SCORES = ["acc", "nmi", "ari"]
CRITERIA = ["modularity", "agreement", "grassmann", "eigengap"]
COST = ["seconds", "peak_memory"]
STAGES = ["prepare", "space", "autoencoder", "graph", "siamese", "spectralnet", "evaluate"]
NUMBERS = [
    *[*SCORES, "acc_test", "nmi_test", "kmeans_acc", "spectral_acc", *CRITERIA],
    *["suggested_n_clusters", *(f"seconds_{stage}" for stage in STAGES), *COST],
]
COLUMNS = [*SETTING, "seed", "n", *NUMBERS, "commit"]
# What SpectralNet's evaluation scores beside it, by the prefix of its metrics.
BASELINES = {
    "kmeans_": {"method": "kmeans", "affinity": "", "augment": "none"},  # of the space alone
    "kmeans_embedding_": {"method": "kmeans"},
    "spectral_": {"method": "spectral"},
}
PLAIN = {"spectralnet", "kmeans", "spectral"}  # what a plain run makes; DVC is told the others
USUAL = {"augment": "none", "fit_on": "all", "topics": "", "labelled": "0.0"}
INTRODUCTION = """# Results

Made by `python -m stages.collect` from what the runs recorded ([results.csv](results.csv)), not
by hand. ACC and NMI (arithmetic mean of the entropies) are means over seeds ± their standard
deviation. Labels score; nothing is trained by them, except where a part is said to be labelled.

* The rows of the spaces `code` and `input` were measured with the former default,
  `space=code affinity=siamese`, its wider spectral net, and clusters chosen by modularity.
* method and setting: `kmeans, code` is k-means on the codes, `kmeans, input` on the input
  features, `kmeans, auto` on what `space: auto` takes, which of images is their gradients;
  `kmeans, ..., siamese` on the Siamese embedding; `spectral` is exact spectral
  clustering of the graph of the space and affinity. Other names: [methods.md](methods.md).
* `worst`: the least ACC of the seeds. `held out`: ACC of points that were not fitted, whose
  clusters are matched to classes by themselves.
* `Grassmann²`: squared Grassmann distance of the net's eigenspace to the exact one. 0 is best; a
  lost eigenvector adds 1.
* `seconds` (median, scoring left out) and `MiB` (the most memory that a stage held) are of all
  stages of a method; a baseline that SpectralNet's evaluation made has none. Some runs shared the
  cores with other work.
* `paper`: ACC / NMI of the same setting as published elsewhere; sources are in the table below.
* `command`: what makes the row, for each seed; it starts from the committed parameters
  (`git checkout HEAD -- params.yaml`). A baseline is made by SpectralNet's run.
"""
ON_CRITERIA = """## Criteria without labels

Spearman's rank correlation with ACC over the runs of a data set: over all of them, where settings
differ too, and within a setting (distances from the mean of its seeds). `modularity`: of the
clusters in the graph (in runs with the former default it chose the number of eigenvectors; fairly
compared within one graph only: `python -m benchmarks.selection`); `agreement`: NMI with exact
spectral clustering of the same graph; `grassmann`: squared Grassmann distance to its eigenspace;
`eigengap`: relative gap after as many eigenvalues as clusters.
"""


def rows_of(
    params: Mapping[str, str], metrics: Mapping[str, float], commit: str
) -> list[dict[str, object]]:
    """Turn what a run logged into rows, by `COLUMNS`: its own, and those of its baselines.

    "kmeans" is k-means on the features of the space or, with affinity "siamese", on the learned
    embedding; "spectral" is by the exact eigenvectors of the graph.
    """
    shared: dict[str, object] = {name: params[name] for name in SETTING if name in params}
    shared |= {"seed": int(params["seed"]), "n": int(metrics["n"]), "commit": commit}
    own = shared | {name: metrics[name] for name in NUMBERS if name in metrics}
    if (method := params.get("method", "spectralnet")) == "spectralnet":
        rows = [own | {"method": method}]
        for prefix, named in BASELINES.items():
            if prefix == "kmeans_embedding_" and params["affinity"] not in LEARNED:
                continue  # the features of the space are the net's input
            scores = {name: metrics[prefix + name] for name in SCORES if prefix + name in metrics}
            if scores:  # exact eigenvectors cannot always be had
                rows.append(shared | named | scores)
        return rows
    if method != "spectral":  # which is the graph's
        own |= {"space": "", "affinity": "", "augment": "none"} | METHODS[method].row
    return [own]


def read_table(path: Path) -> pd.DataFrame:
    """Read a table that was written as CSV; settings that do not apply are empty strings."""
    table = pd.read_csv(path, dtype=dict.fromkeys([*SETTING, "commit"], str))
    return table.fillna(dict.fromkeys(SETTING, ""))


def merge(table: pd.DataFrame, rows: list[dict[str, object]]) -> pd.DataFrame:
    """Add rows to a table; of rows of the same setting and seed the last stays.

    Of a baseline, whose time and memory no evaluation measures, those of its own run stay; a
    run of another method without a record has none.
    """
    parts = (table, pd.DataFrame(rows))
    whole = pd.concat(
        [part.reindex(columns=COLUMNS).astype(object) for part in parts], ignore_index=True
    )
    whole[SETTING] = whole[SETTING].fillna("").astype(str)
    runs = whole.groupby([*SETTING, "seed"])
    baseline = whole["method"].isin({named["method"] for named in BASELINES.values()})
    whole.loc[baseline, COST] = runs[COST].ffill()[baseline]
    return runs.tail(1).sort_values([*SETTING, "seed"], ignore_index=True)


def summarise(table: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Average over seeds: one row a setting, as `document` shows it beside published figures."""
    papers = published.assign(fit_on="all", topics="", labelled="0.0").drop_duplicates(SETTING)
    table = table.astype(dict.fromkeys(NUMBERS, float))
    table = table.merge(papers, "left", on=SETTING, suffixes=("", "_paper"))
    return pd.DataFrame([_averaged(runs) for _, runs in table.groupby([*SETTING, "n"])])


def rank_correlations(table: pd.DataFrame) -> pd.DataFrame:
    """Say how well criteria that need no labels rank runs: Spearman's correlation with ACC.

    Two rows a data set: over its runs, and within settings, where each number is taken as its
    distance from the mean of the runs that differ in the seed only (three at least); empty where
    fewer than three runs have it. A good criterion is near 1, `grassmann` near -1.
    """
    rows = []
    for dataset, runs in table[table["method"] == "spectralnet"].groupby("dataset"):
        scored = runs[["acc", *CRITERIA]].astype(float)
        settings = [runs[name] for name in SETTING]
        distances = scored - scored.groupby(settings).transform("mean")
        repeated = runs.groupby(SETTING)["seed"].transform("size") >= 3
        for compared, numbers in (("all", scored), ("within a setting", distances[repeated])):
            found = numbers.corr(method="spearman", min_periods=3)["acc"][CRITERIA]
            about = {"dataset": dataset, "compared": compared, "runs": len(numbers)}
            rows.append(about | found.to_dict())
    return pd.DataFrame(rows)


def document(table: pd.DataFrame, published: pd.DataFrame) -> str:
    """Write the results as Markdown.

    Parameters
    ----------
    table : DataFrame
        With `COLUMNS`.
    published : DataFrame
        `dataset`, `method`, `space`, `affinity`, `augment`, `acc`, `nmi`, `source`: figures
        of papers, by the name of the system where it is none of ours.
    """
    parts = [INTRODUCTION]
    for dataset, runs in table.groupby("dataset"):
        theirs = published[published["dataset"] == dataset].drop(columns="dataset")
        parts += [f"## {dataset}\n", markdown(summarise(runs, published))]
        parts += ["Published elsewhere:\n", markdown(theirs)]
    return "\n".join([*parts, ON_CRITERIA, markdown(rank_correlations(table))])


def markdown(table: pd.DataFrame) -> str:
    """Turn a table into Markdown; fractions with three decimals, gaps empty."""
    if table.empty:
        return "none\n"
    cells = table.map(
        lambda value: f"{value:.3f}".removesuffix(".000") if isinstance(value, float) else value
    )
    lines = [table.columns, ["---"] * table.shape[1], *cells.where(table.notna(), "").to_numpy()]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"


def _averaged(runs: pd.DataFrame) -> dict[str, object]:
    row, mean = runs.iloc[0], runs[NUMBERS].mean()
    unusual = {name: row[name] for name, usual in USUAL.items() if row[name] != usual}
    setting = [row["space"], row["affinity"], *(f"{k} {v}" for k, v in unusual.items())]
    # A run that shared the machine took longer, one that went on from a checkpoint less.
    seconds = (runs["seconds"] - runs["seconds_evaluate"].fillna(0)).median()
    return {
        "method": row["method"],
        "setting": ", ".join(filter(None, setting)),
        "n": row["n"],
        "seeds": ", ".join(str(seed) for seed in sorted(runs["seed"])),
        "ACC": f"{mean['acc']:.3f} ± {runs['acc'].std():.3f}".removesuffix(" ± nan"),
        "worst": runs["acc"].min(),
        "NMI": f"{mean['nmi']:.3f} ± {runs['nmi'].std():.3f}".removesuffix(" ± nan"),
        "held out": mean["acc_test"],
        "Grassmann²": mean["grassmann"],
        "seconds": f"{seconds:.0f}".replace("nan", ""),
        "MiB": f"{mean['peak_memory']:.0f}".replace("nan", ""),
        "paper": f"{row['acc_paper']:.3f} / {row['nmi_paper']:.3f}".replace("nan / nan", ""),
        "command": _command(row, unusual),
    }


def _command(row: pd.Series, unusual: dict[str, str]) -> str:
    target = "" if row["method"] in PLAIN else f" {target_of(row['method'])}"
    given = {name: row[name] for name in ("dataset", "space", "affinity") if row[name]} | unusual
    if topics := given.pop("topics", ""):
        given |= {"reuters.topics": topics, "reuters.n_clusters": topics}
    changes = "".join(f" -S {name}={value}" for name, value in given.items())
    return f"`dvc exp run{changes} -S seed=...{target}`"
