"""Score the model beside simpler ways on the same inputs, and draw what it found."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import nn

from spectralnet.artifacts import (
    load_array,
    load_graph,
    load_json,
    load_matrix,
    save_json,
    save_table,
    whole_file,
)
from spectralnet.clusters.scores import score_clusterings
from spectralnet.errors import TrainingError
from spectralnet.methods.model import ClusterModel
from spectralnet.nets.devices import map_in_chunks
from spectralnet.report import plots
from spectralnet.report.comparison import (
    compare_with_exact,
    describe_clusters,
    kmeans_clusters,
    top_terms,
    work_on_exact,
)
from spectralnet.report.model_card import model_card
from spectralnet.report.page import read_results, render_report
from spectralnet.spectral.laplacian import ritz_residuals
from spectralnet.spectral.samplers import SAMPLERS
from spectralnet.tracking.registry import log_predictor
from stages.common import Stage, main


def evaluate(
    stage: Stage, data: Path, features: Path, graph: Path, affinity: Path, model: Path,
    results: Path,
) -> str:  # fmt: skip
    """Score what was fitted and what was held out, by labels where there are any."""
    settings, about = stage.settings, load_json(data / "about.json")
    whole, weights = ClusterModel.load(model), load_graph(affinity / "graph.npz")
    embedding, learned, clusters = (
        load_array(model / f"{name}.npy") for name in ("embedding", "eigenvalues", "clusters")
    )
    metrics: dict[str, Any] = load_json(affinity / "about.json") | {"n": len(clusters)}
    metrics |= describe_clusters(weights, clusters, settings.n_clusters, learned)
    normalised = SAMPLERS[settings.spectralnet.sampler].normalised
    residuals = ritz_residuals(embedding, learned, weights, normalised)
    metrics["largest_residual"] = float(np.nanmax(residuals))
    clusterings, exact = {"": clusters}, None
    try:
        clusterings["spectral_"], exact, compared = compare_with_exact(
            embedding, clusters, settings.n_clusters, weights, normalised, stage.params.seed,
            work_on_exact(stage.params.exact, len(clusters)),
        )  # fmt: skip
        metrics |= compared
    except TrainingError as error:  # the clusters need none of it
        print(
            f"no comparison with exact spectral clustering (exact: {stage.params.exact}): {error}"
        )
    labels, known = (load_array(data / f"{name}.npy") for name in ("labels", "known_labels"))
    if (labels >= 0).any():
        clusterings |= _kmeans_baselines(stage, whole, data, features)
        metrics |= score_clusterings(clusterings, labels, known)
    metrics |= _held_out_scores(stage, whole, data)
    scored = np.where(known >= 0, -1, labels)
    weights_used = whole.weights.cpu().numpy()
    used = embedding[:, : len(weights_used)] * weights_used  # what the clusters were read off
    figures = _draw_points(stage, data, about["image_shape"], used, clusters, scored)
    figures["affinity"] = plots.sorted_affinity(weights, clusters)
    figures["learning_curves"] = _draw_training(features, affinity, model)
    figures["eigenvalues"] = plots.eigenvalues(learned, exact, metrics.get("suggested_n_clusters"))
    clustered = pd.read_csv(data / "samples.csv").assign(cluster=clusters)
    records = [load_json(f / "run.json") for f in (data, features, graph, affinity, model)]
    _write(stage, results, metrics, figures, records, clustered)
    stage.run.log_dataset(about["dataset"], about["sha256"])
    made = [results / name for name in ("metrics.json", "pictures", "report.html")]
    stage.run.log_results([*made, model / "clusters.npy"], metrics, records)
    card = model_card(about, stage.params.flat(), metrics)
    log_predictor(model, card, f"spectralnet-{stage.params.dataset}", stage.params.variant())
    score = "no labels"
    if "acc" in metrics:
        score = f"ACC {metrics['acc']:.3f}, NMI {metrics['nmi']:.3f}"
    distance = metrics.get("grassmann", np.nan)
    return f"{score}, squared Grassmann distance {distance:.3f}"


def _kmeans_baselines(
    stage: Stage, whole: ClusterModel, data: Path, features: Path
) -> dict[str, NDArray[np.int64]]:
    """Cluster the features, and the embedding that the spectral map takes."""
    n_clusters, seed = stage.settings.n_clusters, stage.params.seed
    x = load_matrix(features / "matrix")
    on_features = on_embedding = kmeans_clusters(x, n_clusters, seed)
    if len(whole.embedder) > 0:  # else it is the identity
        embedder = nn.Sequential(whole.encoder, whole.embedder)
        embedded = map_in_chunks(embedder, load_matrix(data / "matrix"), stage.device)
        on_embedding = kmeans_clusters(embedded, n_clusters, seed)
    return {"kmeans_": on_features, "kmeans_embedding_": on_embedding}


def _held_out_scores(stage: Stage, whole: ClusterModel, data: Path) -> dict[str, float]:
    """Score points that were not fitted, their clusters matched to classes by themselves."""
    labels = load_array(data / "held_out_labels.npy")
    clusters = whole.predict(load_matrix(data / "held_out_matrix"), stage.device)
    scored = score_clusterings({"": clusters}, labels)
    return {f"{name}_test": score for name, score in scored.items()}


def _draw_points(
    stage: Stage,
    data: Path,
    image_shape: list[int] | None,
    embedding: NDArray[np.floating],
    clusters: NDArray[np.int64],
    labels: NDArray[np.int64],
) -> dict[str, Figure]:
    """Draw where points went, and what the clusters hold: images, or terms of texts.

    `labels`, shape (n,), are those that score, -1 elsewhere.
    """
    seed = stage.params.seed
    figures = {"embedding": plots.embedding(embedding, clusters, labels, seed)}
    if (has_label := labels >= 0).any():
        figures["confusion"] = plots.confusion(labels[has_label], clusters[has_label])
    x = load_matrix(data / "matrix")
    if image_shape:
        height, width = image_shape
        figures["clusters"] = plots.samples(x, clusters, (height, width), seed)
    if vocabulary := load_json(data / "preparation.json").get("vocabulary"):
        figures["terms"] = plots.terms(top_terms(x, clusters, vocabulary))
    return figures


def _draw_training(features: Path, affinity: Path, model: Path) -> Figure:
    """Draw the learning curves of the nets that were trained."""
    trained = {"autoencoder": features, affinity.parent.name: affinity, "spectralnet": model}
    histories = {net: folder / "history.csv" for net, folder in trained.items()}
    return plots.learning_curves(
        {net: pd.read_csv(path) for net, path in histories.items() if path.exists()}
    )


def _write(
    stage: Stage,
    results: Path,
    metrics: dict[str, Any],
    figures: dict[str, Figure],
    records: list[dict[str, Any]],
    clustered: pd.DataFrame,
) -> None:
    """Write metrics, to which time and memory are added, clusters, pictures and the report."""
    seconds = {record["stage"]: record["seconds"] for record in records}
    seconds[stage.name] = stage.seconds()
    metrics |= {f"seconds_{name}": round(value, 1) for name, value in seconds.items()}
    metrics["seconds"] = round(sum(seconds.values()), 1)
    metrics["peak_memory"] = max(record["peak_memory"] for record in records)
    save_json(results / "metrics.json", metrics)
    save_table(results / "clusters.csv", clustered)
    for name, figure in figures.items():
        with whole_file(results / "pictures" / f"{name}.png") as partial:
            figure.savefig(partial, format="png", dpi=110)
    with whole_file(results / "report.html") as partial:
        report = render_report(stage.params.flat(), metrics, read_results(results)[1])
        partial.write_text(report, encoding="utf-8")


if __name__ == "__main__":
    main(evaluate)
