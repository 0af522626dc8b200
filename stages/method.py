"""What the stages of methods beside SpectralNet have in common: scores of their own."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectralnet.artifacts import load_array, load_json, save_array, save_json
from spectralnet.clusters.metrics import score_clusterings
from spectralnet.report.model_card import model_card
from spectralnet.tracking.registry import log_predictor
from stages.common import Stage, copy_preparation


def write_clustering(
    stage: Stage,
    data: Path,
    upstream: list[Path],
    folder: Path,
    clusters: NDArray[np.int64],
    held_out_clusters: NDArray[np.int64] | None = None,
) -> str:
    """Write a method's clusters and scores, and log them as a run of the method's own.

    Parameters
    ----------
    stage : Stage
    data : Path
        The folder of the data set, with its labels.
    upstream : list of Path
        Folders that the method read: their time and memory count as the method's.
    folder : Path
    clusters : ndarray of shape (n,)
    held_out_clusters : ndarray of shape (n_held_out,), optional
        Where the method can tell the clusters of new points.

    Returns
    -------
    str
        The scores, in words.
    """
    records = [load_json(path / "run.json") for path in upstream]
    metrics: dict[str, Any] = {"method": stage.method, "n": len(clusters)}
    metrics["seconds"] = round(sum(r["seconds"] for r in records) + stage.seconds(), 1)
    metrics["peak_memory"] = max([stage.peak_memory(), *(r["peak_memory"] for r in records)])
    labels, told = load_array(data / "labels.npy"), load_array(data / "known_labels.npy")
    metrics |= score_clusterings({"": clusters}, labels, told)
    if held_out_clusters is not None:
        held_out_labels = load_array(data / "held_out_labels.npy")
        scored = score_clusterings({"": held_out_clusters}, held_out_labels)
        metrics |= {f"{name}_test": score for name, score in scored.items()}
    save_array(folder / "clusters.npy", clusters)
    save_json(folder / "metrics.json", metrics)
    about, made = load_json(data / "about.json"), [folder / "clusters.npy", folder / "metrics.json"]
    stage.run.log_dataset(about["dataset"], about["sha256"])
    stage.run.log_results(made, metrics, records)
    return (
        f"ACC {metrics['acc']:.3f}, NMI {metrics['nmi']:.3f}" if "acc" in metrics else "no labels"
    )


def register_model(stage: Stage, data: Path, folder: Path) -> None:
    """Complete a saved model to one that takes raw samples, and register it in MLflow.

    It becomes ``<method>-<dataset>``, under the alias of what it was fitted on.

    Parameters
    ----------
    stage : Stage
    data : Path
        The folder of the data set, with what its samples went through.
    folder : Path
        With the model, and the scores of `write_clustering`.
    """
    copy_preparation(data, folder)
    params, method = stage.params, stage.method
    about = load_json(data / "about.json") | {"n_known_labels": 0}  # SpectralNet alone uses them
    metrics = load_json(folder / "metrics.json")
    card = model_card(about, params.flat(method), metrics, method)
    log_predictor(folder, card, f"{method}-{params.dataset}", params.variant(method))
