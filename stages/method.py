"""Cluster by a method beside SpectralNet: the one that the output's folder is named after."""

from pathlib import Path
from typing import Any

import pandas as pd

from spectralnet.artifacts import (
    load_array,
    load_graph,
    load_json,
    load_matrix,
    save_array,
    save_json,
)
from spectralnet.clusters.scores import score_clusterings
from spectralnet.config.limits import check_points
from spectralnet.errors import ParameterError
from spectralnet.methods.catalogue import METHODS
from spectralnet.methods.task import Found, Task
from spectralnet.nets.saved import load_net
from spectralnet.report.model_card import model_card
from spectralnet.tracking.registry import predictor_files, send_predictor
from stages.common import Stage, copy_preparation, main, save_history


def method(stage: Stage, data: Path, sources: list[Path], clusters: Path) -> str:
    """Run a method on prepared features, and on the codes or the graph in further folders."""
    task = read_task(stage, data, sources)
    found = METHODS[stage.name].cluster(task)
    if found.history is not None:
        save_history(clusters, found.history)
        log_curves(stage, found.history)
    if found.model is not None:
        found.model.save(clusters)
    stage.find_upstream(data, *sources)
    said = write_clustering(stage, data, clusters, found)
    if found.model is not None:
        register_model(stage, data, clusters, reads_graph=task.graph is not None)
    return ", ".join(part for part in (said, found.remark) if part)


def read_task(stage: Stage, data: Path, sources: list[Path]) -> Task:
    """Read what the folders hold: features of the points, codes of a space, a graph."""
    settings, params = stage.settings, stage.params
    if not isinstance(settings.n_clusters, int):
        raise ParameterError(
            f"{params.dataset}.n_clusters = {settings.n_clusters}: in the pipeline, SpectralNet "
            "alone chooses their number: give one"
        )
    x = load_matrix(data / "matrix")
    check_points(x, settings)
    coded = [folder for folder in sources if (folder / "matrix").exists()] or [data]
    graphs = [folder for folder in sources if (folder / "graph.npz").exists()]
    inputs = [data / "matrix", *(folder / "encoder.safetensors" for folder in sources)]
    return Task(
        stage.name,
        x,
        load_matrix(data / "held_out_matrix"),
        load_matrix(coded[-1] / "matrix"),
        load_net(coded[-1], "encoder"),
        load_graph(graphs[-1] / "graph.npz") if graphs else None,
        load_json(data / "about.json")["image_shape"],
        settings.n_clusters,
        params.block(stage.name),
        settings.graph,
        settings.spectralnet,
        params.seed,
        stage.device,
        lambda: stage.checkpoint(*inputs),
    )


def log_curves(stage: Stage, history: pd.DataFrame) -> None:
    """Log the learning curve of a method, or of each of its phases."""
    if "phase" not in history:
        stage.run.log_curve(history)
        return
    for phase, curve in history.groupby("phase"):
        names = {name: f"{phase!s}.{name}" for name in curve.columns.drop(["phase", "epoch"])}
        stage.run.log_curve(curve.drop(columns="phase").rename(columns=names))


def write_clustering(stage: Stage, data: Path, folder: Path, found: Found) -> str:
    """Write a method's clusters and scores, and log them as a run of the method's own.

    Parameters
    ----------
    stage : Stage
    data : Path
        The folder of the data set, with its labels.
    folder : Path
    found : Found

    Returns
    -------
    str
        The scores, in words.
    """
    metrics: dict[str, Any] = {"method": stage.method, "n": len(found.clusters)}
    labels, told = load_array(data / "labels.npy"), load_array(data / "supervision/told.npy")
    metrics |= score_clusterings({"": found.clusters}, labels, told)
    if found.held_out_clusters is not None:
        held_out_labels = load_array(data / "held_out_labels.npy")
        scored = score_clusterings({"": found.held_out_clusters}, held_out_labels)
        metrics |= {f"{name}_test": score for name, score in scored.items()}
    save_array(folder / "clusters.npy", found.clusters)
    save_json(folder / "metrics.json", metrics)
    about, made = load_json(data / "about.json"), [folder / "clusters.npy", folder / "metrics.json"]
    stage.run.log_dataset(about["dataset"], about["sha256"])
    stage.run.log_results(made, metrics)
    return (
        f"ACC {metrics['acc']:.3f}, NMI {metrics['nmi']:.3f}" if "acc" in metrics else "no labels"
    )


def register_model(stage: Stage, data: Path, folder: Path, reads_graph: bool) -> None:
    """Complete a saved model to one that takes raw samples, and register it in MLflow.

    It becomes ``<method>-<dataset>``, under the alias of what it was fitted on.

    Parameters
    ----------
    stage : Stage
    data : Path
        The folder of the data set, with what its samples went through.
    folder : Path
        With the model, and the scores of `write_clustering`.
    reads_graph : bool
        Whether the method reads the graph, which is told of labels and pairs.
    """
    copy_preparation(data, folder)
    params, method = stage.params, stage.method
    about = load_json(data / "about.json")
    if not reads_graph:
        about |= dict.fromkeys(("n_known_labels", "n_must_link", "n_cannot_link"), 0)
    metrics = load_json(folder / "metrics.json")
    card = model_card(about, params.flat(method), metrics, method)
    name, alias = f"{method}-{params.dataset}", params.variant(method)
    stage.run.send(send_predictor, predictor_files(folder), card=card, name=name, alias=alias)


if __name__ == "__main__":
    TRAINED = ("dec", "dual_autoencoder")
    main(method, method=None, named=lambda folder: folder.name, trains=TRAINED)
