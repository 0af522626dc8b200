"""From a trained model and samples of any kind to the page of its clusters."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from spectralnet.checks import check_features, check_finite
from spectralnet.data.files import suffix_of
from spectralnet.data.labels import Labels, folder_labels, number_labels, read_labels
from spectralnet.data.reader import NAMED, Samples, find_source, names_in
from spectralnet.data.tables import TABLES, read_column
from spectralnet.errors import DataError
from spectralnet.matrices import Matrix
from spectralnet.methods.description import describe_clusters
from spectralnet.methods.predictor import Predictor, assign_prepared
from spectralnet.report.classes import named_labels
from spectralnet.report.explorer import numbers_of, render_explorer
from spectralnet.report.looks import effects_of, with_column, with_looks
from spectralnet.report.shown import Shown


def other_columns(path: Path, named: Sequence[str | None]) -> list[str] | None:
    """Return what a table holds beside these columns; None if none is named, or it is no table."""
    source = find_source(path)
    if not any(named) or suffix_of(source) not in NAMED:
        return None
    return [name for name in names_in(source) if name not in named]


def explore_file(
    predictor: Predictor,
    samples: Samples,
    path: Path,
    show: str | None,
    labels: str | None,
    device: torch.device,
) -> str:
    """Put the samples of a file into clusters, and write a page to explore them in.

    Parameters
    ----------
    predictor : Predictor
    samples : Samples
        Of `path`, opened; they are read as a whole.
    path : Path
        A file or a folder.
    show : str, optional
        A column of texts, or of names of images, to be shown: `with_column`.
    labels : str, optional
        A column, an array of the ``.npz``, or "folder", to colour by.
    device : torch.device

    Returns
    -------
    str
        HTML.

    Raises
    ------
    DataError
        If the samples are not such as were fitted, or a column is missing or of another length.
    """
    source = find_source(path)
    _check_named(source, show, labels)
    chunks = list(samples.chunks)
    if isinstance(chunks[0], list):
        raw: Any = [text for chunk in chunks for text in chunk]
    else:
        raw = chunks[0] if len(chunks) == 1 else np.concatenate(chunks)
        check_finite(raw, str(path), samples.columns)
    preparation, model = predictor.preparation, predictor.model
    x = preparation.transform(raw)
    check_features(x, str(path))
    shown = Shown(names=samples.names, texts=raw if isinstance(raw, list) else None)
    if show is not None:
        values = read_column(source, show).tolist()
        shown = with_column(shown, _as_many(values, x, f"{source}: {show}"), source.parent)
    if (y := _labels(samples, source, labels)) is not None:
        shown = replace(shown, labels=named_labels(*number_labels(y, x.shape[0])))
    assigned = assign_prepared(model, preparation, x, device)
    clusters, places = assigned.clusters, model.places(assigned.embedding)
    effects = effects_of(x, clusters, preparation, shown)
    description = describe_clusters(clusters, places, model.centroids.cpu().numpy(), effects)
    shown = with_looks(shown, x, preparation, raw)
    numbers = numbers_of(assigned)
    return render_explorer(path.name, clusters, places, description, shown, numbers)


def _check_named(source: Path, show: str | None, labels: str | None) -> None:
    """Refuse a column to show, or labels, that are not there."""
    names = names_in(source) if suffix_of(source) in NAMED else []
    if show is not None and (suffix_of(source) not in TABLES or show not in names):
        raise DataError(f"{source} has no column {show!r} to show: {', '.join(names)}")
    if labels is not None and labels not in (["folder"] if source.is_dir() else names):
        raise DataError(f"{source} has no labels {labels!r}: name a column, or folder of a folder")


def _as_many(values: Sequence[object], x: Matrix, name: str) -> Sequence[object]:
    if len(values) != x.shape[0]:
        raise DataError(f"{name} holds {len(values)} values of {x.shape[0]} samples: give one each")
    return values


def _labels(samples: Samples, source: Path, labels: str | None) -> Labels | None:
    if labels is not None and source.is_dir():
        return folder_labels(samples.names or [], source)
    if labels is not None:
        return read_labels(source, labels)
    return None if samples.labels is None else Labels(samples.labels, source)
