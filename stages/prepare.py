"""Load a data set, choose what to fit on, and check it."""

import hashlib
from pathlib import Path

import numpy as np

from spectralnet.artifacts import save_array, save_json, save_mlp
from spectralnet.datasets import held_out_mask, limit, load_dataset
from spectralnet.nets import MLP
from spectralnet.validation import check_features, check_sizes
from stages.common import Stage, main

DATA = Path("data")


def prepare(stage: Stage, features: Path) -> str:
    """Write the features and labels of the points to fit, and of those held out."""
    params = stage.params
    dataset = limit(load_dataset(params.dataset, DATA), params.limit, params.seed)
    check_features(dataset.features, f"dataset {params.dataset}")
    held_out = held_out_mask(dataset, params.fit_on, params.seed)
    check_sizes(int(np.count_nonzero(~held_out)), stage.settings)

    n, n_features = dataset.features.shape
    content = hashlib.sha256(dataset.features.tobytes())
    about = {
        "dataset": params.dataset,
        "n": int(np.count_nonzero(~held_out)),
        "n_held_out": int(np.count_nonzero(held_out)),
        "n_features": n_features,
        "image_shape": dataset.image_shape,
        "licence": dataset.licence,
        "sha256": content.hexdigest(),
    }
    save_array(features / "features.npy", dataset.features[~held_out])
    save_array(features / "labels.npy", dataset.labels[~held_out])
    save_array(features / "held_out_features.npy", dataset.features[held_out])
    save_array(features / "held_out_labels.npy", dataset.labels[held_out])
    save_mlp(features, "encoder", MLP([n_features]))  # in the input space, the identity
    save_json(features / "about.json", about)
    stage.run.log_dataset(params.dataset, about["sha256"])
    stage.run.log_metrics({"n": n, "n_features": n_features})
    return (
        f"{about['n']} points to fit and {about['n_held_out']} held out, of {n_features} features"
    )


if __name__ == "__main__":
    main(prepare)
