"""The table of results: one row a run and method, and its averages over seeds."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

SETTING = ["dataset", "method", "space", "affinity", "augment", "fit_on", "topics", "labelled"]
SCORES = ["acc", "nmi", "ari"]
OF_THE_RUN = ["acc_test", "nmi_test", "kmeans_acc", "spectral_acc", "grassmann", "seconds"]
CRITERIA = ["modularity", "seed_agreement", "agreement", "grassmann", "eigengap"]
STAGES = ["prepare", "autoencoder", "graph", "siamese", "spectralnet", "evaluate"]
SECONDS = [f"seconds_{stage}" for stage in STAGES]
COST = ["seconds", "peak_memory"]
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
# What SpectralNet's evaluation scores beside it, by the prefix of its metrics.
BASELINES = {
    "kmeans_": {"method": "kmeans", "affinity": "", "augment": "none"},  # of the space alone
    "kmeans_embedding_": {"method": "kmeans"},
    "spectral_": {"method": "spectral"},
}
# Runs of methods of their own, by the rows that hold them; others depend on no space or affinity.
SAME = {
    "kmeans": {"space": "input"},
    "ae_kmeans": {"method": "kmeans", "space": "code"},
}


def rows_of(
    params: Mapping[str, str], metrics: Mapping[str, float], commit: str
) -> list[dict[str, object]]:
    """Turn what a run recorded into rows: SpectralNet's, and those of baselines on its inputs.

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
        space or, with affinity "siamese", on the learned embedding; "spectral" is by the exact
        eigenvectors of the graph.
    """
    setting = {name: params[name] for name in SETTING if name in params}
    shared = setting | {"seed": int(params["seed"]), "n": int(metrics["n"]), "commit": commit}
    if "method" in params:
        row = shared | {n: metrics[n] for n in NUMBERS if n in metrics}
        if params["method"] != "spectral":  # which is the graph's
            unused = {"space": "", "affinity": "", "augment": "none"}
            row |= unused | SAME.get(params["method"], {})
        return [row]
    recorded = {name: metrics[name] for name in NUMBERS if name in metrics}
    rows: list[dict[str, object]] = [shared | {"method": "spectralnet"} | recorded]
    for prefix, named in BASELINES.items():
        if prefix == "kmeans_embedding_" and params["affinity"] != "siamese":
            continue  # the features of the space are the net's input
        scores = {name: metrics[prefix + name] for name in SCORES if prefix + name in metrics}
        rows.append(shared | named | scores)
    return rows


def read_table(path: Path) -> pd.DataFrame:
    """Read a table that was written as CSV; settings that do not apply are empty strings."""
    table = pd.read_csv(path, dtype=dict.fromkeys([*SETTING, "commit"], str))
    return table.fillna(dict.fromkeys(SETTING, ""))


def merge(table: pd.DataFrame, rows: list[dict[str, object]]) -> pd.DataFrame:
    """Add rows to a table; of rows of the same setting and seed the last stays.

    Only a baseline's time and memory, which no evaluation measures, outlive its own run's row.
    """
    new = pd.DataFrame(rows).reindex(columns=COLUMNS)
    whole = pd.concat([table.reindex(columns=COLUMNS).astype(object), new.astype(object)])
    whole[SETTING] = whole[SETTING].fillna("").astype(str)
    runs = whole.groupby([*SETTING, "seed"])
    whole[COST] = runs[COST].ffill()
    return runs.tail(1).sort_values([*SETTING, "seed"], ignore_index=True)


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
        the median; `acc_std`, `nmi_std` (NaN for one seed), `acc_min`, and
        `seconds_unscored`, without the evaluation.
    """
    table = table.astype(dict.fromkeys(NUMBERS, float))
    table["seconds_unscored"] = table["seconds"] - table["seconds_evaluate"].fillna(0)
    groups = table.groupby([*SETTING, "n"])
    summary = groups[NUMBERS].mean()
    # A run that shared the machine took longer, one that went on from a checkpoint less.
    seconds = ["seconds", "seconds_unscored", *SECONDS]
    summary[seconds] = groups[seconds].median()
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
        Two rows a data set: over its runs, and `within` settings, where each number is taken
        as its distance from the mean of the runs that differ in the seed only (three at
        least). `runs` and a column a criterion; empty where fewer than three runs have it. A
        good criterion is near 1, `grassmann` near -1.
    """
    ours = table[table["method"] == "spectralnet"]
    ours = ours.astype(dict.fromkeys(["acc", *CRITERIA], float))
    rows = []
    for dataset, runs in ours.groupby("dataset"):
        settings = runs.groupby(SETTING)
        scored = runs[["acc", *CRITERIA]]
        distances = scored - settings[list(scored)].transform("mean")
        repeated = settings["seed"].transform("size") >= 3
        for compared, numbers in (("all", scored), ("within a setting", distances[repeated])):
            known = numbers[CRITERIA].notna().sum() >= 3
            found = numbers.corr(method="spearman")["acc"][CRITERIA]
            about = {"dataset": dataset, "compared": compared, "runs": len(numbers)}
            rows.append(about | found.where(known).to_dict())
    return pd.DataFrame(rows)
