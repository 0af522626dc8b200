import numpy as np
import pandas as pd
import pytest

from spectralnet.report.results import (
    COLUMNS,
    document,
    markdown,
    merge,
    rank_correlations,
    read_table,
    rows_of,
    summarise,
)


def run(seed, acc, **changes):
    setting = {
        "dataset": "mnist",
        "space": "code",
        "affinity": "siamese",
        "augment": "none",
        "fit_on": "all",
        "labelled": "0.0",
        "seed": str(seed),
        "epochs": "3",
    }
    metrics = {"n": 100, "acc": acc, "nmi": acc - 0.1, "ari": 0.5, "grassmann": 1 - acc}
    metrics |= {"kmeans_acc": 0.6, "kmeans_nmi": 0.5, "kmeans_ari": 0.4, "seconds": 60.0}
    metrics |= {"spectral_acc": 0.9, "spectral_nmi": 0.8, "spectral_ari": 0.7}
    metrics |= {"kmeans_embedding_acc": 0.65, "seconds_prepare": 2.0, "seconds_evaluate": 58.0}
    return rows_of(setting | changes, metrics, "c" * 12)


PUBLISHED = ["dataset", "method", "space", "affinity", "augment", "acc", "nmi", "source"]


@pytest.fixture
def table():
    rows = [*run(0, 0.9), *run(1, 0.8), *run(2, 0.95), *run(0, 0.7, affinity="euclidean")]
    return merge(pd.DataFrame(columns=COLUMNS), rows)


@pytest.fixture
def published():
    usual = {"dataset": "mnist", "space": "code", "affinity": "siamese", "augment": "none"}
    theirs = [
        usual | {"method": "spectralnet", "acc": 0.89, "nmi": 0.7, "source": "the paper"},
        usual | {"method": "N2D", "acc": 0.979, "nmi": 0.942, "source": "another"},
    ]
    return pd.DataFrame(theirs)[PUBLISHED]


def test_a_run_gives_a_row_a_method():
    ours, kmeans, on_embedding, spectral = run(0, 0.9)
    assert (ours["method"], ours["acc"], ours["kmeans_acc"]) == ("spectralnet", 0.9, 0.6)
    assert (kmeans["method"], kmeans["acc"], kmeans["affinity"]) == ("kmeans", 0.6, "")
    assert (spectral["method"], spectral["acc"], spectral["ari"]) == ("spectral", 0.9, 0.7)
    embedded = [on_embedding[name] for name in ("method", "acc", "affinity")]
    assert embedded == ["kmeans", 0.65, "siamese"]
    assert [row["method"] for row in run(0, 0.9, affinity="euclidean")].count("kmeans") == 1
    assert "grassmann" not in spectral
    assert ours["commit"] == "c" * 12


def test_a_run_of_another_method_gives_a_row_of_its_own(table):
    (dec,) = run(0, 0.85, method="dec")
    assert (dec["method"], dec["space"], dec["affinity"]) == ("dec", "", "")
    assert (dec["acc"], dec["seconds"]) == (0.85, 60)
    (kmeans,) = run(0, 0.6, method="ae_kmeans")  # the row that SpectralNet's run gave, too
    assert len(merge(table, [dec, kmeans])) == len(table) + 1
    assert "| dec |  | 100 | 0 | 0.850 |" in document(
        merge(table, [dec]), pd.DataFrame(columns=PUBLISHED)
    )


def test_a_run_replaces_its_older_row_and_no_other(table):
    # Of 15, since k-means on the features does not depend on the affinity.
    assert len(table) == 14
    again = merge(table, run(1, 0.85))
    assert len(again) == 14
    ours = again[(again["method"] == "spectralnet") & (again["affinity"] == "siamese")]
    assert ours["acc"].tolist() == [0.9, 0.85, 0.95]


def test_a_run_without_a_record_takes_no_older_time(table):
    rows = run(1, 0.85)
    for row in rows:
        row.pop("seconds", None)
    merged = merge(table, rows)
    ours = merged[(merged["method"] == "spectralnet") & (merged["seed"] == 1)]
    assert ours["seconds"].isna().all()


def test_times_of_a_baseline_outlive_the_runs_of_others(table):
    alone = run(0, 0.6, method="ae_kmeans")
    for order in ([*alone, *run(0, 0.9)], [*run(0, 0.9), *alone]):
        merged = merge(table, order)
        (kmeans,) = merged[
            (merged["method"] == "kmeans") & (merged["affinity"] == "") & (merged["seed"] == 0)
        ].to_dict("records")
        assert (kmeans["acc"], kmeans["seconds"]) == (0.6, 60)


def test_a_table_survives_its_file(table, tmp_path):
    table.to_csv(tmp_path / "results.csv", index=False)
    read = read_table(tmp_path / "results.csv")
    assert list(read.columns) == COLUMNS
    pd.testing.assert_frame_equal(merge(read, run(1, 0.8)), table, check_dtype=False)


def test_means_are_over_seeds(table, published):
    summary = summarise(table, published).set_index(["method", "setting"])
    ours, accuracies = summary.loc["spectralnet", "code, siamese"], np.array([0.9, 0.8, 0.95])
    assert ours["ACC"] == f"{accuracies.mean():.3f} ± {accuracies.std(ddof=1):.3f}"
    assert (ours["worst"], ours["seeds"], ours["seconds"]) == (0.8, "0, 1, 2", "2")


def test_criteria_are_held_against_accuracy(table):
    over_all, within = rank_correlations(table).to_dict("records")
    assert (over_all["runs"], within["runs"]) == (4, 3)  # one has no other seed
    assert over_all["grassmann"] == pytest.approx(-1)
    assert np.isnan(over_all["modularity"])  # which no run has


def test_settings_that_differ_do_not_pass_for_a_criterion():
    rows = []
    for affinity, offset in (("siamese", 0.5), ("euclidean", 0.0)):
        for seed in range(3):  # within a setting modularity falls as accuracy rises
            (ours, *_) = run(seed, 0.3 + offset + 0.01 * seed, affinity=affinity)
            rows.append(ours | {"modularity": offset - 0.01 * seed})
    table = merge(pd.DataFrame(columns=COLUMNS), rows)
    over_all, within = rank_correlations(table)["modularity"]
    assert over_all > 0.5
    assert within < -0.9


def test_the_document_says_what_was_measured_and_how(table, published):
    text = document(table, published)
    ours = "| spectralnet | code, siamese | 100 | 0, 1, 2 | 0.883 ± 0.076 | 0.800 | 0.783 ± 0.076 |"
    command = "dvc exp run -S dataset=mnist -S space=code -S affinity=siamese -S seed=..."
    assert f"{ours}  | 0.117 | 2 |  | 0.890 / 0.700 | `{command}` |" in text
    assert "| N2D | code | siamese | none | 0.979 | 0.942 | another |" in text
    assert text.count("`dvc exp run") == len(summarise(table, published)) == 6
    assert "| `dvc exp run -S dataset=mnist -S space=code -S seed=...` |" in text  # of k-means


def test_other_methods_have_commands_and_papers_too(table):
    paper = {"dataset": "mnist", "method": "dec", "augment": "none", "acc": 0.843, "nmi": 0.8}
    published = pd.DataFrame([paper | {"space": "", "affinity": "", "source": "the paper"}])
    text = document(merge(table, run(0, 0.83, method="dec")), published)
    command = "`dvc exp run -S dataset=mnist -S seed=... stages/methods/dvc.yaml:dec`"
    assert f"| 0.843 / 0.800 | {command} |" in text


def test_markdown_tables():
    table = pd.DataFrame([{"a": 1, "b": 0.12345}, {"a": "x", "b": float("nan")}])
    assert markdown(table) == "| a | b |\n| --- | --- |\n| 1 | 0.123 |\n| x |  |\n"
    assert markdown(table.head(0)) == "none\n"


def test_exact_clusters_of_augmented_graphs_have_rows_of_their_own():
    rows = [run(0, acc, method="spectral", augment=a) for a, acc in (("none", 0.5), ("affine", 1))]
    table = merge(pd.DataFrame(columns=COLUMNS), [row for (row,) in rows])
    assert dict(zip(table["augment"], table["acc"], strict=True)) == {"none": 0.5, "affine": 1}


def test_what_labels_helped_is_held_against_no_paper(published):
    rows = run(0, 0.8, labelled="0.02")
    text = document(merge(pd.DataFrame(columns=COLUMNS), rows), published)
    assert "labelled 0.02" in text
    assert "0.890 / 0.700" not in text
