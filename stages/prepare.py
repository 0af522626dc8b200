"""Load a data set, choose what to fit on, turn it into features, and check them."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import issparse

from spectralnet.artifacts import (
    EXAMPLE,
    content_hash,
    save_array,
    save_json,
    save_matrix,
    save_table,
)
from spectralnet.checks import check_features
from spectralnet.config.limits import check_points
from spectralnet.config.params import Params
from spectralnet.data.given_graph import read_graph
from spectralnet.data.preparation import Preparation
from spectralnet.data.sets.catalogue import SOURCES
from spectralnet.data.sets.dataset import Dataset
from spectralnet.data.sets.mnist import DATA_VARIABLE
from spectralnet.data.sets.subsets import choose_known, held_out_mask, limit
from spectralnet.data.texts import Tfidf
from spectralnet.errors import DataError
from spectralnet.matrices import Matrix, empty_rows
from spectralnet.nets.blocks import MLP
from spectralnet.nets.saved import save_net
from spectralnet.tracking.checkout import main_root
from stages.common import Stage, main


def prepare(stage: Stage, features: Path) -> str:
    """Write the features and labels of the points to fit, and of those held out."""
    params = stage.params
    _check_links(params)
    dataset = SOURCES[params.source].load(_data_folders(), stage.params.settings)
    dataset = limit(dataset, params.limit, params.seed)
    held_out = held_out_mask(dataset, params.fit_on, params.seed)
    preparation = dataset.fit(dataset.raw[~held_out])
    x, fitted = _points(dataset, preparation, np.flatnonzero(~held_out))
    unseen, unseen_rows = _points(dataset, preparation, np.flatnonzero(held_out))
    labels = dataset.labels[fitted]
    known_labels = choose_known(labels, params.labelled, params.seed)
    _check(stage, x, dataset)

    save_matrix(features / "matrix", x)
    save_array(features / "labels.npy", labels)
    save_array(features / "known_labels.npy", known_labels)
    save_matrix(features / "held_out_matrix", unseen)
    save_array(features / "held_out_labels.npy", dataset.labels[unseen_rows])
    save_table(features / "samples.csv", pd.DataFrame({"sample": dataset.names[fitted]}))
    if (shown := dataset.raw if isinstance(preparation, Tfidf) else dataset.shown) is not None:
        texts = [str(shown[row]) for row in fitted]
        save_table(features / "shown.csv", pd.DataFrame({"shown": texts}))
    save_json(features / "preparation.json", preparation.config)
    save_json(features / EXAMPLE, _example(dataset.raw))
    save_net(features, "encoder", MLP([x.shape[1]]))  # in the input space, the identity
    about = {
        "dataset": params.dataset,
        "n": x.shape[0],
        "n_held_out": unseen.shape[0],
        "n_known_labels": int(np.count_nonzero(known_labels >= 0)),
        "n_features": x.shape[1],
        **{f"dropped_{reason}": n for reason, n in dataset.dropped.items()},
        "dropped_without_features": len(held_out) - x.shape[0] - unseen.shape[0],
        "image_shape": dataset.image_shape,
        "licence": dataset.licence,
        "notes": _notes(dataset, preparation),
        "sha256": content_hash(features / "matrix", features / "held_out_matrix"),
    }
    save_json(features / "about.json", about)
    stage.run.log_dataset(params.dataset, about["sha256"])
    stage.run.log_metrics(about)
    return _summary(about, int(np.count_nonzero(labels < 0)))


def _summary(about: dict[str, Any], n_unlabelled: int) -> str:
    for note in about["notes"]:
        print(f"warning: {note}")
    n, dropped = about["n"], sum(k for name, k in about.items() if name.startswith("dropped_"))
    return (
        f"{n} points to fit and {about['n_held_out']} held out, of {about['n_features']} features"
        + (f"; {dropped} samples dropped" if dropped else "")
        + (f"; {n_unlabelled} samples without a label" if 0 < n_unlabelled < n else "")
    )


def _check_links(params: Params) -> None:
    """Refuse a linked folder in ``own.path``: DVC, which watches that, does not look into it."""
    if params.source != "own":
        return
    path, watched = (Path(params.datasets[n].path).absolute() for n in (params.dataset, "own"))
    for folder in (path, *path.parents):
        if folder == watched:
            return
        if folder.is_symlink() and folder.is_dir():
            raise DataError(
                f"{params.dataset}.path = {params.settings.path}: {folder} is a linked folder, in "
                "which DVC sees no changes: copy it, or name it by dataset: own and own.path"
            )


def _check(stage: Stage, x: Matrix, dataset: Dataset) -> None:
    """Refuse what a later stage could not use, before any training."""
    params = stage.params
    check_features(x, f"dataset {params.dataset}")
    check_points(x, stage.settings)
    stage.augmentation(dataset.image_shape)
    if params.graph_is_given:
        read_graph(Path(params.settings.precomputed), x.shape[0])


def _notes(dataset: Dataset, preparation: Preparation) -> list[str]:
    """Say what a user might not expect of what became of the data."""
    notes = list(dataset.notes)
    if getattr(preparation, "terms", None) == "letters":
        notes.append(
            "words hardly recur among the texts, as in scripts without blanks: they are clustered "
            "by twos and threes of letters"
        )
    return notes


def _points(
    dataset: Dataset, preparation: Preparation, rows: NDArray[np.integer]
) -> tuple[Matrix, NDArray[np.integer]]:
    """Prepare the samples of these rows; those that end up without any feature are left out."""
    x = preparation.transform(dataset.raw[rows])
    if preparation.directions and (empty := empty_rows(x)).any():
        return x[~empty], rows[~empty]
    return x, rows


def _example(raw: Any) -> dict[str, Any]:
    """Take a few raw samples, for those who want to see what the model takes."""
    few = raw[:3]
    few = np.asarray(few.toarray() if issparse(few) else few)
    return {"dtype": str(few.dtype), "samples": few.tolist()}


def _data_folders() -> list[Path]:
    """Relative to the main checkout, since DVC's temporary workspaces do not last."""
    root = main_root()
    named = os.environ.get(DATA_VARIABLE)
    if named and not (root / named).is_dir():
        raise DataError(f"{DATA_VARIABLE} = {named} is no folder: correct or unset it")
    return [root / named, root / "data"] if named else [root / "data"]


if __name__ == "__main__":
    main(prepare)
