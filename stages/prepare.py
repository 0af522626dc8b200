"""Load a data set, choose what to fit on, and check it."""

import hashlib
import os
from pathlib import Path

import numpy as np

from spectralnet.artifacts import save_array, save_json, save_net
from spectralnet.datasets import held_out_mask, limit, load_dataset, reveal
from spectralnet.errors import DataError
from spectralnet.image_files import DATA_VARIABLE
from spectralnet.nets import MLP
from spectralnet.tracking import main_root
from spectralnet.validation import check_features, check_sizes
from stages.common import Stage, main


def prepare(stage: Stage, features: Path) -> str:
    """Write the features and labels of the points to fit, and of those held out."""
    params = stage.params
    dataset = limit(load_dataset(params.dataset, _data_folders()), params.limit, params.seed)
    check_features(dataset.features, f"dataset {params.dataset}")
    held_out = held_out_mask(dataset, params.fit_on, params.seed)
    check_sizes(int(np.count_nonzero(~held_out)), stage.settings)

    labels = dataset.labels[~held_out]
    known_labels = reveal(labels, params.labelled, params.seed)

    n_features = dataset.features.shape[1]
    content = hashlib.sha256(dataset.features.tobytes())
    about = {
        "dataset": params.dataset,
        "n": int(np.count_nonzero(~held_out)),
        "n_held_out": int(np.count_nonzero(held_out)),
        "n_known_labels": int(np.count_nonzero(known_labels >= 0)),
        "n_features": n_features,
        "image_shape": dataset.image_shape,
        "licence": dataset.licence,
        "sha256": content.hexdigest(),
    }
    save_array(features / "features.npy", dataset.features[~held_out])
    save_array(features / "labels.npy", labels)
    save_array(features / "known_labels.npy", known_labels)
    save_array(features / "held_out_features.npy", dataset.features[held_out])
    save_array(features / "held_out_labels.npy", dataset.labels[held_out])
    save_net(features, "encoder", MLP([n_features]))  # in the input space, the identity
    save_json(features / "about.json", about)
    stage.run.log_dataset(params.dataset, about["sha256"])
    stage.run.log_metrics(about)
    return (
        f"{about['n']} points to fit and {about['n_held_out']} held out, of {n_features} features"
    )


def _data_folders() -> list[Path]:
    """Relative to the main checkout, since DVC's temporary workspaces do not last."""
    root = main_root()
    named = os.environ.get(DATA_VARIABLE)
    if named and not (root / named).is_dir():
        raise DataError(f"{DATA_VARIABLE} = {named} is no folder: correct or unset it")
    return [root / named, root / "data"] if named else [root / "data"]


if __name__ == "__main__":
    main(prepare)
