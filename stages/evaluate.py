"""Score the model beside simpler ways on the same inputs, and draw what it found."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from spectralnet.artifacts import (
    load_array,
    load_graph,
    load_json,
    load_matrix,
    save_json,
    save_table,
    whole_file,
    without_formulas,
)
from spectralnet.clusters.kmeans import Assignment
from spectralnet.clusters.noise import NOISE
from spectralnet.clusters.scores import score_clusterings
from spectralnet.data.pixels import Pixels
from spectralnet.data.preparation import Preparation, build_preparation
from spectralnet.data.texts import Tfidf
from spectralnet.errors import TrainingError
from spectralnet.matrices import Matrix
from spectralnet.methods.description import describe_clusters
from spectralnet.methods.model import ClusterModel
from spectralnet.nets.devices import map_through
from spectralnet.report import plots
from spectralnet.report.classes import class_names, named_labels
from spectralnet.report.comparison import (
    compare_with_exact,
    kmeans_clusters,
    label_free_metrics,
    work_on_exact,
)
from spectralnet.report.dendrogram import dendrogram
from spectralnet.report.explorer import numbers_of, render_explorer
from spectralnet.report.layout import lay_out
from spectralnet.report.looks import effects_of, with_column, with_looks
from spectralnet.report.model_card import model_card
from spectralnet.report.page import RESULTS, read_results, render_report
from spectralnet.report.shown import Shown
from spectralnet.spectral.laplacian import ritz_residuals
from spectralnet.spectral.samplers import SAMPLERS
from spectralnet.tracking.registry import predictor_files, send_predictor
from stages.common import Stage, main


def evaluate(
    stage: Stage, data: Path, features: Path, graph: Path, affinity: Path, model: Path,
    results: Path,
) -> str:  # fmt: skip
    """Score what was fitted and what was held out, by labels where there are any."""
    settings, about = stage.settings, load_json(data / "about.json")
    whole, weights = ClusterModel.load(model), load_graph(affinity / "graph.npz")
    embedding, learned, clusters, shares, remote = (
        load_array(model / f"{name}.npy")
        for name in ("embedding", "eigenvalues", "clusters", "probabilities", "outlier_scores")
    )
    clustered = pd.DataFrame({"sample": load_array(data / "samples.npy")}).assign(
        cluster=clusters, probability=shares.max(axis=1), outlier_score=remote
    )
    save_table(results / "clusters.csv", without_formulas(clustered))  # before what may fail
    metrics: dict[str, Any] = load_json(affinity / "about.json") | {"n": len(clusters)}
    metrics["n_clusters"] = n_clusters = len(whole.centroids)
    metrics |= _noise(whole, clusters)
    metrics |= load_json(path) if (path := model / "growth.json").exists() else {}
    metrics |= label_free_metrics(weights, clusters, n_clusters, learned)
    normalised = SAMPLERS[settings.spectralnet.sampler].normalised
    residuals = ritz_residuals(embedding, learned, weights, normalised)
    metrics["largest_residual"] = float(np.nanmax(residuals))
    clusterings, exact = {"": clusters}, None
    try:
        clusterings["spectral_"], exact, compared = compare_with_exact(
            embedding, clusters, n_clusters, weights, normalised, stage.params.seed,
            work_on_exact(stage.params.exact, len(clusters)),
        )  # fmt: skip
        metrics |= compared
    except TrainingError as error:  # the clusters need none of it
        print(
            f"no comparison with exact spectral clustering (exact: {stage.params.exact}): {error}"
        )
    labels, told = (load_array(data / f"{name}.npy") for name in ("labels", "supervision/told"))
    if (labels >= 0).any():
        clusterings |= _kmeans_baselines(stage, whole, data, features)
        metrics |= score_clusterings(clusterings, labels, told)
    metrics |= _held_out_scores(stage, whole, data)
    save_json(results / "metrics.json", metrics)  # before pictures, too
    scored = np.where(told, -1, labels)
    distances = cdist(whole.places(embedding), whole.centroids.cpu().numpy()).min(axis=1)
    assigned = Assignment(clusters, distances, embedding, shares, remote)
    figures, description, page = _explain(stage, data, whole, assigned, scored)
    if (tree := whole.hierarchy) is not None and len(tree.linkage):
        figures["dendrogram"] = dendrogram(tree.linkage, tree.parents)
    figures["affinity"] = plots.sorted_affinity(weights, clusters)
    figures["learning_curves"] = _draw_training(features, affinity, model)
    figures["eigenvalues"] = plots.eigenvalues(learned, exact, metrics.get("suggested_n_clusters"))
    stage.find_upstream(data, features, graph, affinity, model)
    _write_text(results / "explore.html", page)
    save_json(results / "description.json", description.reset_index().to_dict("records"))
    _write(stage, results, figures)
    stage.run.log_dataset(about["dataset"], about["sha256"])
    made = [results / name for name in RESULTS]
    stage.run.log_results([*made, model / "clusters.npy"], metrics)
    card = model_card(about, stage.params.flat(), metrics)
    name, alias = f"spectralnet-{stage.params.dataset}", stage.params.variant()
    stage.run.send(send_predictor, predictor_files(model), card=card, name=name, alias=alias)
    score = "no labels"
    if "acc" in metrics:
        score = f"ACC {metrics['acc']:.3f}, NMI {metrics['nmi']:.3f}"
    if "grassmann" in metrics:
        return f"{score}, squared Grassmann distance {metrics['grassmann']:.3f}"
    return f"{score}, largest residual {metrics['largest_residual']:.2g}"


def _kmeans_baselines(
    stage: Stage, whole: ClusterModel, data: Path, features: Path
) -> dict[str, NDArray[np.int64]]:
    """Cluster the features, and the embedding that the spectral map takes."""
    n_clusters, seed = len(whole.centroids), stage.params.seed
    x = load_matrix(features / "matrix")
    on_features = on_embedding = kmeans_clusters(x, n_clusters, seed)
    if len(whole.embedder) > 0:  # else those are the features
        points = load_matrix(data / "matrix")
        embedded = map_through(points, stage.device, whole.encoder, whole.embedder)
        on_embedding = kmeans_clusters(embedded, n_clusters, seed)
    return {"kmeans_": on_features, "kmeans_embedding_": on_embedding}


def _held_out_scores(stage: Stage, whole: ClusterModel, data: Path) -> dict[str, float]:
    """Score points that were not fitted, their clusters matched to classes by themselves."""
    labels = load_array(data / "held_out_labels.npy")
    clusters = whole.predict(load_matrix(data / "held_out_matrix"), stage.device)
    scored = _noise(whole, clusters) | score_clusterings({"": clusters}, labels)
    return {f"{name}_test": score for name, score in scored.items()}


def _noise(whole: ClusterModel, clusters: NDArray[np.int64]) -> dict[str, float]:
    """Return the part of points, clusters of shape (n,), that are noise, if the model tells it."""
    told = whole.membership is not None and whole.membership.leaves_noise_out
    return {"noise": float(np.mean(clusters == NOISE))} if told and clusters.size else {}


def _explain(
    stage: Stage,
    data: Path,
    whole: ClusterModel,
    assigned: Assignment,
    labels: NDArray[np.int64],
) -> tuple[dict[str, Figure], pd.DataFrame, str]:
    """Say what the clusters are: in pictures, in a table, and on a page to explore.

    `labels`, shape (n,), are those that score, -1 elsewhere.
    """
    x = load_matrix(data / "matrix")
    preparation = build_preparation(load_json(data / "preparation.json"))
    shown = _shown(data, x, preparation, labels)
    clusters, places = assigned.clusters, whole.places(assigned.embedding)
    effects = effects_of(x, clusters, preparation, shown)
    description = describe_clusters(clusters, places, whole.centroids.cpu().numpy(), effects)
    flat = lay_out(places, clusters, stage.params.seed)
    called = class_names(load_json(data / "classes.json"))
    figures = _draw_points(stage, x, preparation, flat, clusters, labels, called)
    if isinstance(preparation, Tfidf):
        figures["terms"] = plots.terms(
            dict(zip(description.index.tolist(), description["features"], strict=True))
        )
    title, numbers = f"SpectralNet on {stage.params.dataset}", numbers_of(assigned)
    page = render_explorer(title, clusters, places, description, shown, numbers, flat)
    return figures, description, page


def _shown(data: Path, x: Matrix, preparation: Preparation, labels: NDArray[np.int64]) -> Shown:
    """Gather what is known of each sample: its name, texts or images, columns, label."""
    names = [str(name) for name in load_array(data / "samples.npy")]
    known = named_labels(labels, load_json(data / "classes.json"))
    shown = Shown(names=names, labels=known if (labels >= 0).any() else None)
    if (path := data / "shown.json").exists():
        shown = with_column(shown, load_json(path), Path())
    return with_looks(shown, x, preparation)


def _draw_points(
    stage: Stage,
    x: Matrix,
    preparation: Preparation,
    flat: NDArray[np.floating],
    clusters: NDArray[np.int64],
    labels: NDArray[np.int64],
    called: Callable[[int], str],
) -> dict[str, Figure]:
    """Draw where points went, and random members of clusters, if they are images."""
    seed = stage.params.seed
    figures = {"embedding": plots.embedding(flat, clusters, labels, seed, called)}
    if (scored := (labels >= 0) & (clusters != NOISE)).any():
        figures["confusion"] = plots.confusion(labels[scored], clusters[scored], called)
    if isinstance(preparation, Pixels):
        figures["clusters"] = plots.samples(x, clusters, preparation.image_shape, seed)
    return figures


def _draw_training(features: Path, affinity: Path, model: Path) -> Figure:
    """Draw the learning curves of the nets that were trained."""
    trained = {"autoencoder": features, affinity.parent.name: affinity, "spectralnet": model}
    histories = {net: folder / "history.csv" for net, folder in trained.items()}
    histories["eigenvectors"] = model / "eigenvectors.csv"
    return plots.learning_curves(
        {net: pd.read_csv(path) for net, path in histories.items() if path.exists()}
    )


def _write(stage: Stage, results: Path, figures: dict[str, Figure]) -> None:
    """Write pictures and the report."""
    for name, figure in figures.items():
        with whole_file(results / "pictures" / f"{name}.png") as partial:
            figure.savefig(partial, format="png", dpi=110)
    _write_text(results / "report.html", render_report(stage.params.flat(), *read_results(results)))


def _write_text(path: Path, text: str) -> None:
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(evaluate, known_by="metrics.json")
