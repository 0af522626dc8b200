"""Load a data set, choose what to fit on, turn it into features, and check them."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from spectralnet.artifacts import (
    EXAMPLE,
    content_hash,
    load_matrix,
    save_array,
    save_json,
    save_matrix,
    save_rows,
)
from spectralnet.checks import check_features
from spectralnet.config.limits import check_former, check_points, check_supervision
from spectralnet.config.params import Params
from spectralnet.data.given_graph import read_graph
from spectralnet.data.preparation import Preparation
from spectralnet.data.sets.catalogue import SOURCES
from spectralnet.data.sets.dataset import Dataset
from spectralnet.data.sets.mnist import DATA_VARIABLE
from spectralnet.data.sets.subsets import choose_known, held_out_mask, limit, pairs_among
from spectralnet.data.texts import Tfidf
from spectralnet.errors import DataError
from spectralnet.graph.supervision import Supervision
from spectralnet.matrices import NUMBERS_AT_ONCE, Matrix, blocks, empty_rows
from spectralnet.methods.growing.former import Former, save_former
from spectralnet.nets.blocks import MLP
from spectralnet.nets.saved import save_net
from spectralnet.tracking.checkout import main_root
from stages.common import Stage, main


def prepare(stage: Stage, features: Path) -> str:
    """Write the features and labels of the points to fit, and of those held out."""
    params = stage.params
    _check_links(params)
    former = Former.load(getattr(params.settings, "warm_start", None))
    check_former(former, params.settings, params.space, params.affinity)
    dataset = SOURCES[params.source].load(_data_folders(), stage.params.settings)
    dataset = limit(dataset, params.limit, params.seed)
    held_out = held_out_mask(dataset, params.fit_on, params.seed)
    preparation = dataset.fit(dataset.raw[~held_out] if held_out.any() else dataset.raw)
    if former is not None:
        former.check_samples(preparation)
        preparation = former.preparation
    fitted, unseen_rows = (
        _write(features / name, dataset, preparation, np.flatnonzero(chosen))
        for name, chosen in (("matrix", ~held_out), ("held_out_matrix", held_out))
    )
    x = load_matrix(features / "matrix")
    if former is not None:
        former.check_points(x, stage.device)
    save_former(features / "former", former)
    labels = dataset.labels[fitted]
    must_link, cannot_link = (
        pairs_among(fitted, pairs, len(held_out))
        for pairs in (dataset.must_link, dataset.cannot_link)
    )
    known_labels = choose_known(labels, params.labelled, params.seed)
    told = Supervision(known_labels, must_link, cannot_link)
    _check(stage, x, dataset, told)

    save_array(features / "labels.npy", labels)
    told.save(features / "supervision")
    save_array(features / "held_out_labels.npy", dataset.labels[unseen_rows])
    save_array(features / "samples.npy", dataset.names[fitted])
    save_json(features / "classes.json", list(dataset.classes))
    if (shown := dataset.raw if isinstance(preparation, Tfidf) else dataset.shown) is not None:
        save_json(features / "shown.json", [str(shown[row]) for row in fitted])
    save_json(features / "preparation.json", preparation.config)
    save_json(features / EXAMPLE, _example(dataset.raw))
    save_net(features, "encoder", MLP([x.shape[1]]))  # in the input space, the identity
    about = {
        "dataset": params.dataset,
        "n": x.shape[0],
        "n_held_out": len(unseen_rows),
        "n_known_labels": int(np.count_nonzero(known_labels >= 0)),
        "n_must_link": len(must_link),
        "n_cannot_link": len(cannot_link),
        "n_features": x.shape[1],
        **{f"dropped_{reason}": n for reason, n in dataset.dropped.items()},
        "dropped_without_features": len(held_out) - len(fitted) - len(unseen_rows),
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


def _check(stage: Stage, x: Matrix, dataset: Dataset, told: Supervision) -> None:
    """Refuse what a later stage could not use, before any training."""
    params = stage.params
    check_supervision(told, stage.settings, params.affinity)
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


def _write(
    folder: Path, dataset: Dataset, preparation: Preparation, rows: NDArray[np.integer]
) -> NDArray[np.integer]:
    """Prepare the samples of these rows, and write them; those without any feature are left out.

    Where that cannot be, a block at a time: raw ones may be a memory map.
    """
    if preparation.directions or issparse(dataset.raw):
        x = preparation.transform(dataset.raw[rows])
        if preparation.directions and (empty := empty_rows(x)).any():
            x, rows = x[~empty], rows[~empty]
        save_matrix(folder, x)
        return rows
    d = preparation.n_features
    parts = (
        preparation.transform(dataset.raw[rows[some]])
        for some in blocks(len(rows), max(1, NUMBERS_AT_ONCE // d))
    )
    save_rows(folder / "dense.npy", (len(rows), d), parts)
    return rows


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
