"""What the runs of `benchmarks.defaults` say: tables of scores, ranks and costs, and a picture.

A table of runs has a row a run: `set`, `kind`, `method`, `seed`, `status` (ok, failed or time),
`acc`, `nmi`, `ari`, and `COSTS`. A run that gave no clusters scores 0.
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from benchmarks.peers import METHODS, OURS
from benchmarks.sets import SETS
from spectralnet.artifacts import whole_file
from spectralnet.report.results import markdown

SCORES, COSTS = ("acc", "nmi", "ari"), ("seconds", "cpu_seconds", "peak_mib")
BEGIN, END = "<!-- python -m benchmarks.defaults report -->", "<!-- end of what it writes -->"
NO_CLUSTERS = -1.0  # below every adjusted Rand index: ranked last


def with_failures(runs: pd.DataFrame) -> pd.DataFrame:
    """Give runs without clusters scores of 0."""
    scores = runs[list(SCORES)].where(runs["status"] == "ok", 0.0).astype(float)
    return runs.assign(**{name: scores[name] for name in SCORES})


def grid(runs: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the mean of a column over seeds, by set (rows) and method (columns)."""
    table = runs.pivot_table(index="set", columns="method", values=name, aggfunc="mean")
    sets = [name for name in SETS if name in table.index]
    return table.reindex(index=sets, columns=[name for name in METHODS if name in table.columns])


def ranks(runs: pd.DataFrame) -> pd.DataFrame:
    """Rank the methods on each set by their mean ARI, 1 the best, ties averaged.

    A method that never gave clusters is last, one that has no runs there has no rank.
    """
    succeeded = grid(runs.assign(succeeded=(runs["status"] == "ok").astype(float)), "succeeded")
    ari = grid(with_failures(runs), "ari")
    return ari.mask(succeeded == 0, NO_CLUSTERS).rank(axis=1, ascending=False)


def shortfalls(ari: pd.DataFrame) -> pd.DataFrame:
    """Return how far each method is behind the best other one, by set and method."""
    return pd.DataFrame(
        {method: ari.drop(columns=method).max(axis=1) - ari[method] for method in ari}
    )


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Put each method into a row: its mean rank, scores, worst set, failures and costs."""
    filled, by_method = with_failures(runs), runs.groupby("method")
    behind = shortfalls(grid(filled, "ari"))
    table = pd.DataFrame({"mean rank": ranks(runs).mean().map("{:.2f}".format)})
    for name in ("ari", "acc", "nmi"):
        table[f"mean {name.upper()}"] = grid(filled, name).mean().map("{:.3f}".format)
    table["furthest behind the best other"] = [
        f"{behind[method].max():.2f} ({behind[method].idxmax()})" for method in table.index
    ]
    table["sets"] = grid(filled, "ari").notna().sum()
    table["runs"] = by_method.size()
    for status, title in (("failed", "failed"), ("time", "out of time")):
        table[title] = (runs["status"] == status).groupby(runs["method"]).sum()
    table["CPU s"] = by_method["cpu_seconds"].median().map("{:.1f}".format)
    table["MiB"] = by_method["peak_mib"].median().map("{:.0f}".format)
    order = table["mean rank"].astype(float).sort_values(kind="stable").index
    return _with_names(table.loc[order], "method")


def by_kind(runs: pd.DataFrame) -> pd.DataFrame:
    """Return each method's mean ARI over the sets of a kind, kinds as columns."""
    ari = grid(with_failures(runs), "ari")
    kinds = pd.Series({name: SETS[name].kind for name in ari.index}, index=ari.index)
    means = ari.groupby(kinds, sort=False).mean().T
    return _with_names(means.map(_two_decimals), "method")


def cells(runs: pd.DataFrame, name: str) -> pd.DataFrame:
    """Write a score's mean and standard deviation over seeds, or why there is none."""

    def cell(some: pd.DataFrame) -> str:
        failed = some.loc[some["status"] != "ok", "status"]
        if len(failed) == len(some):
            return failed.iloc[0]
        text = _two_decimals(some[name].mean())
        if len(some) > 1:
            text += f" ±{_two_decimals(some[name].std(ddof=0))}"
        return text + "*" * len(failed)

    filled, shape = with_failures(runs), grid(with_failures(runs), name)
    written = {key: cell(some) for key, some in filled.groupby(["set", "method"])}
    table = pd.DataFrame(
        [[written.get((row, column), "") for column in shape.columns] for row in shape.index],
        index=shape.index,
        columns=shape.columns,
    )
    return _with_names(table, "set")


def _two_decimals(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.2f}".replace("0.", ".", 1).replace("-.00", ".00")


def _with_names(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return table.rename_axis(index=name, columns=None).reset_index()


def document(runs: pd.DataFrame) -> str:
    """Write what the runs say as Markdown."""
    whole = f"{runs['seed'].nunique()} seeds, {len(runs)} runs."
    parts = [
        whole,
        "## Methods\n\n" + markdown(summary(runs)),
        "## ARI by kind of data\n\n" + markdown(by_kind(runs)),
        *(f"## {name.upper()}\n\n" + markdown(cells(runs, name)) for name in ("ari", "acc", "nmi")),
        "## Runs without clusters\n\n" + markdown(failures(runs)),
        "## Versions\n\n" + markdown(versions(runs)),
    ]
    return "\n\n".join(part.strip() for part in parts)


def failures(runs: pd.DataFrame) -> pd.DataFrame:
    """List what failed or took too long, and on which seeds."""
    bad = runs[runs["status"] != "ok"]
    groups = bad.groupby(["method", "set", "error"], sort=False)["seed"]
    seeds = groups.apply(lambda seeds: ", ".join(map(str, sorted(seeds))))
    return seeds.rename("seeds").reset_index()


def versions(runs: pd.DataFrame) -> pd.DataFrame:
    """Name the versions of packages, and the commits of this project, that ran."""
    known = runs.dropna(subset="version").astype({"version": str})
    found = known.groupby("method")["version"].agg(lambda names: ", ".join(sorted(set(names))))
    return found.rename("version").reset_index()


def draw(runs: pd.DataFrame) -> Figure:
    """Draw each method's mean ARI on each set as a dot, this project's larger."""
    ari = grid(with_failures(runs), "ari").iloc[::-1]
    figure = Figure(figsize=(9, 1.5 + 0.27 * len(ari)), layout="constrained")
    axes, colours = figure.subplots(), mpl.colormaps["tab20"]
    for i, method in enumerate(name for name in ari if name != OURS):
        marker = "osD^v"[i % 5]
        axes.plot(ari[method], ari.index, marker, color=colours(i), ms=5, alpha=0.8, label=method)
    if OURS in ari:
        label = f"{OURS} (this project)"
        (ours,) = axes.plot(ari[OURS], ari.index, "ko", fillstyle="none", label=label)
        ours.set(markersize=12, markeredgewidth=2)
    axes.set(xlabel="ARI, mean over seeds", xlim=(-0.05, 1.03), ylim=(-0.6, len(ari) - 0.4))
    axes.grid(axis="y", alpha=0.4)
    figure.legend(loc="outside right upper")
    return figure


def write(runs: pd.DataFrame, page: Path) -> None:
    """Write the tables between the marks of a page, and the picture beside it."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    text = f"{before}{BEGIN}\n\n{document(runs)}\n\n{END}{rest.partition(END)[2]}"
    with whole_file(page) as partial:
        partial.write_text(text, encoding="utf-8")
    draw(runs).savefig(page.parent / "images" / f"{page.stem}.png", dpi=110)
    print(summary(runs).to_string(index=False))
    print(cells(runs, "ari").to_string(index=False))
