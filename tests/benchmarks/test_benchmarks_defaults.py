"""The KEEL reader and the arithmetic of the report, against examples made by hand."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import report
from benchmarks.defaults import note, read_runs
from benchmarks.sets import read_keel

OURS, KMEANS, WARD = "SpectralNet", "k-means", "Ward"


def row(name: str, method: str, seed: int, ari: float, status: str = "ok", cpu: float = 1) -> dict:
    score = ari if status == "ok" else None
    return {
        "set": name, "kind": "table", "method": method, "seed": seed, "status": status,
        "acc": score, "nmi": score, "ari": score, "seconds": cpu, "cpu_seconds": cpu,
        "peak_mib": 100.0, "error": "" if status == "ok" else "too much", "version": "1",
    }  # fmt: skip


@pytest.fixture
def runs() -> pd.DataFrame:
    return pd.DataFrame(
        [
            row("iris", OURS, 0, 0.8, cpu=1), row("iris", OURS, 1, 0.6, cpu=3),
            row("iris", KMEANS, 0, 0.7), row("iris", KMEANS, 1, 0.7),
            row("iris", WARD, 0, 0.2),
            row("wine", OURS, 0, 0.5, cpu=9), row("wine", OURS, 1, 0, "failed", cpu=5),
            row("wine", KMEANS, 0, -0.1), row("wine", KMEANS, 1, -0.1),
            row("wine", WARD, 0, 0, "time"),
        ]
    )  # fmt: skip


def test_keel_tables_are_read_with_and_without_a_header(tmp_path):
    path = tmp_path / "some.dat"
    path.write_text("@relation some\n@data\n1, 2.5, b \n3,-4,a\n\n5,6,b\n")
    x, labels = read_keel(path)
    np.testing.assert_array_equal(x, [[1, 2.5], [3, -4], [5, 6]])
    np.testing.assert_array_equal(labels, [1, 0, 1])
    path.write_text("1,2.5,7\n3,-4,10\n")
    assert read_keel(path).labels.tolist() == [1, 0]


def test_what_failed_scores_0_in_the_mean_over_seeds(runs):
    ari = report.grid(report.with_failures(runs), "ari")
    assert ari.columns.tolist() == [OURS, KMEANS, WARD]
    assert ari.loc["iris"].tolist() == pytest.approx([0.7, 0.7, 0.2])
    assert ari.loc["wine"].tolist() == pytest.approx([0.25, -0.1, 0])


def test_ranks_average_ties_and_put_failures_last_and_leave_gaps(runs):
    ranks = report.ranks(runs)
    assert ranks.loc["iris"].tolist() == [1.5, 1.5, 3]
    assert ranks.loc["wine"].tolist() == [1, 2, 3]
    ranks = report.ranks(runs[(runs["method"] != WARD) | (runs["set"] != "wine")])
    assert ranks.loc["wine"].fillna(-1).tolist() == [1, 2, -1]


def test_a_method_falls_short_of_the_best_other_one(runs):
    behind = report.shortfalls(report.grid(report.with_failures(runs), "ari"))
    assert behind[WARD].tolist() == pytest.approx([0.5, 0.25])
    assert behind[OURS].tolist() == pytest.approx([0, -0.25])


def test_the_summary_puts_methods_in_the_order_of_their_ranks(runs):
    table = report.summary(runs).set_index("method")
    assert table.index.tolist() == [OURS, KMEANS, WARD]
    ours = table.loc[OURS]
    assert (ours["mean rank"], ours["mean ARI"], ours["CPU s"]) == ("1.25", "0.475", "4.0")
    assert (ours["runs"], ours["failed"], ours["out of time"]) == (4, 1, 0)
    assert table.loc[WARD, "furthest behind the best other"] == "0.50 (iris)"


def test_cells_say_the_spread_and_what_is_missing(runs):
    table = report.cells(runs, "ari").set_index("set")
    assert table.loc["iris"].tolist() == [".70 ±.10", ".70 ±.00", ".20"]
    assert table.loc["wine"].tolist() == [".25 ±.25*", "-.10 ±.00", "time"]


def test_the_report_replaces_what_it_wrote_before(runs, tmp_path):
    (tmp_path / "images").mkdir()
    page = tmp_path / "some.md"
    page.write_text(f"before\n\n{report.BEGIN}\n\nold\n\n{report.END}\n\nafter\n")
    report.write(runs, page)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "| too much |" in text
    assert "\nold\n" not in text
    assert (tmp_path / "images/some.png").stat().st_size > 1000


def test_a_run_is_noted_over_the_same_one(tmp_path):
    path = tmp_path / "runs.csv"
    for found in (row("iris", WARD, 0, 0.1), row("wine", WARD, 0, 0.2), row("iris", WARD, 0, 0.3)):
        note(path, found)
    assert read_runs(path)[["set", "ari"]].to_numpy().tolist() == [["wine", 0.2], ["iris", 0.3]]
