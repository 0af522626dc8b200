"""The command line: ``spectralnet COMMAND``."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from spectralnet.errors import DataError, ParameterError
from spectralnet.serving.commands import export, serve
from spectralnet.serving.console import device_option, told

if TYPE_CHECKING:
    import pandas as pd

EPILOG = """\b
Examples:
  spectralnet predict artifacts/mnist5k/auto/euclidean/model digits.npy --out clusters.csv
  spectralnet predict models:/spectralnet-mnist@auto-euclidean digits.npy --out clusters.npy
  spectralnet predict artifacts/reuters/auto/euclidean/model news.csv --columns body
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="spectralnet-pipeline")
def main() -> None:
    """Deep spectral clustering: put trained models to work, and report on runs."""


@main.command(epilog=EPILOG)
@click.argument("model")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write: .csv, .parquet, or .npy (the clusters alone). By default a CSV to "
    "standard output. The file appears when it is whole.",
)  # fmt: skip
@click.option("--embedding", is_flag=True, help="Also write the embedding, one column each.")
@click.option(
    "--probabilities",
    is_flag=True,
    help="Also write the probability of each cluster, a column each.",
)
@click.option(
    "--columns",
    help="Which columns of a table, such as a .csv, make a sample, with commas between them and in "
    "the order that the model was fitted on; for texts, the one that holds them; of a .npz, "
    "the array. By default those that the model was fitted on, by name if it knows them, or else "
    "all.",
)
@click.option(
    "--n-clusters", type=int,
    help="Cut the model's hierarchy: so many clusters in the place of those that were fitted, as "
    "`cut` of an estimator gives them. They have no probabilities.",
)  # fmt: skip
@device_option
def predict(
    model: str,
    file: Path,
    out: Path | None,
    embedding: bool,
    probabilities: bool,
    columns: str | None,
    n_clusters: int | None,
    device: str,
) -> None:
    """Put the samples in FILE into the clusters of MODEL.

    MODEL is a folder with a trained model: an artifact of the pipeline, or what an estimator's
    save() wrote; or the URI of a model that MLflow keeps (models:/NAME@ALIAS, runs:/ID/predictor).

    FILE holds raw samples, as the model was fitted on: .npy (images or rows of numbers), .npz
    (an array, or a sparse matrix), .csv and .tsv with a header, .jsonl, .parquet, .svmlight, or
    .txt and .md (one text a line); or it is a folder of images or of text files, in the order of
    their names, or one with features.*, such a file. All but .npz and .svmlight may be larger than
    memory.

    Each sample gets a row: its file, if FILE is a folder; its cluster, from 0, or -1 for noise
    where the model tells it; the distance to the nearest centroid; the probability that the
    sample keeps its cluster when the fit is repeated; and its outlier score, above 5 for samples
    far from all that was fitted. Nothing is fitted here: no sample depends on the others.
    """
    with told():
        more = {"embedding": embedding, "probabilities": probabilities}
        _predict(model, file, out, more, columns, n_clusters, device)


def _predict(
    model: str,
    file: Path,
    out: Path | None,
    more: dict[str, bool],
    columns: str | None,
    n_clusters: int | None,
    device: str,
) -> None:
    # Imported here, so that --help is at once there.
    from spectralnet.artifacts import csv_format, without_formulas
    from spectralnet.checks import check_finite
    from spectralnet.methods.new import open_new
    from spectralnet.methods.predictions import OUTPUTS, check_target, write_predictions
    from spectralnet.methods.predictor import as_frame
    from spectralnet.nets.devices import pick_device
    from spectralnet.serving.models import load_predictor

    if out is not None and out.suffix not in OUTPUTS:
        raise ParameterError(f"--out {out}: its name has to end with one of {', '.join(OUTPUTS)}")
    if out is not None and out.suffix == ".npy" and any(more.values()):
        asked = " and ".join(f"--{name}" for name, wanted in more.items() if wanted)
        raise ParameterError(f"--out {out} takes the clusters alone: leave out {asked}")
    if n_clusters is not None and more["probabilities"]:
        raise ParameterError(
            f"--n-clusters {n_clusters} cuts the model's hierarchy, and such clusters have no "
            "probabilities: leave out one of --n-clusters and --probabilities"
        )
    if out is not None:
        check_target(out, Path(model), file)
    chosen_device = pick_device(device)
    predictor = load_predictor(model)
    samples = open_new(file, predictor.preparation, columns.split(",") if columns else None)
    for note in samples.notes:
        click.echo(f"warning: {note}", err=True)

    def frames() -> Iterator["pd.DataFrame"]:
        first = 0
        with tqdm(unit=" samples", desc="predict", disable=None) as progress:
            for raw in samples.chunks:
                if samples.kind != "texts":
                    check_finite(raw, str(file), samples.columns, first)
                try:
                    assigned = predictor.predict(raw, chosen_device, n_clusters)
                except DataError as error:
                    raise DataError(f"{file}, from row {first} on: {error}") from error
                frame = as_frame(assigned, **more)
                if samples.names:
                    frame.insert(0, "sample", samples.names[first : first + len(frame)])
                first += len(frame)
                progress.update(len(frame))
                yield frame

    if out is None:
        for i, frame in enumerate(frames()):
            table = without_formulas(frame)
            click.echo(table.to_csv(header=i == 0, **csv_format(table)), nl=False)
    else:
        n = write_predictions(out.resolve(), frames())  # a link stays one
        click.echo(f"{n} samples in {out}", err=True)


@main.command()
@click.argument("run")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default="report.html",
    show_default=True, help="Where to write the report, one HTML file.",
)  # fmt: skip
def report(run: str, out: Path) -> None:
    """Write the scores, pictures and parameters of RUN as one HTML page.

    RUN is the id of a run of SpectralNet on MLflow's leaderboard. The pipeline itself writes the
    page of its last run: results/report.html.
    """
    with told("pipeline"):
        from spectralnet.artifacts import whole_file
        from spectralnet.report.page import read_results, render_report
        from spectralnet.tracking.runs import fetch_results

        with TemporaryDirectory() as folder:
            params = fetch_results(run, Path(folder))
            results = read_results(Path(folder))
        with whole_file(out.resolve()) as partial:  # a link stays one
            partial.write_text(render_report(params, *results), encoding="utf-8")
        click.echo(f"{len(results[1])} pictures in {out}")


@main.command()
@click.argument("model")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default="explore.html",
    show_default=True, help="Where to write the page, one HTML file.",
)  # fmt: skip
@click.option("--columns", help="As of `spectralnet predict`.")
@click.option("--show", help="A column beside vectors: their texts, or the names of their images.")
@click.option("--labels", help="A column, or an array of a .npz, to colour by; or `folder`.")
@device_option
def explore(
    model: str,
    file: Path,
    out: Path,
    columns: str | None,
    show: str | None,
    labels: str | None,
    device: str,
) -> None:
    """Write a page on which to explore the clusters that MODEL puts the samples in FILE into.

    MODEL and FILE are as of `spectralnet predict`, but FILE is read into memory. The page shows all
    samples as points, on hover what a sample is, on a click its cluster: samples of it, and what
    tells it from the rest. It is one file, which opens in any browser and loads nothing.
    """
    with told("explore"):
        from spectralnet.artifacts import whole_file
        from spectralnet.methods.new import open_new
        from spectralnet.methods.predictions import check_target
        from spectralnet.nets.devices import pick_device
        from spectralnet.report.exploration import explore_file, other_columns
        from spectralnet.serving.models import load_predictor

        check_target(out, Path(model), file)
        chosen_device, predictor = pick_device(device), load_predictor(model)
        named = columns.split(",") if columns else None
        others = other_columns(file, [show, labels])
        samples = open_new(file, predictor.preparation, named, others)
        page = explore_file(predictor, samples, file, show, labels, chosen_device)
        with whole_file(out.resolve()) as partial:  # a link stays one
            partial.write_text(page, encoding="utf-8")
        click.echo(f"{out} is written: open it in a browser", err=True)


main.add_command(serve)
main.add_command(export)

if __name__ == "__main__":
    main()
