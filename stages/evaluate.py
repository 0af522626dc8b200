"""Score the model beside simpler ways on the same inputs, and draw what it found."""

from pathlib import Path

from matplotlib.figure import Figure

from spectralnet import plots
from spectralnet.artifacts import load_array, load_graph, load_json, save_json, whole_file
from spectralnet.clustering import nearest_centroid
from spectralnet.evaluation import compare_with_exact, kmeans_clusters, known, score_clusterings
from spectralnet.model import ClusterModel
from spectralnet.nets import map_in_chunks
from stages.common import Stage, main


def evaluate(
    stage: Stage, data: Path, features: Path, graph: Path, affinity: Path, model: Path,
    results: Path,
) -> str:  # fmt: skip
    """Score what was fitted and what was held out, by labels where there are any."""
    seed, sampler = stage.params.seed, stage.settings.spectralnet.sampler
    whole = ClusterModel.load(model)
    embedding = load_array(model / "embedding.npy")
    clusters = nearest_centroid(embedding, whole.centroids.numpy())
    learned = load_array(model / "eigenvalues.npy")
    exact_clusters, exact, metrics = compare_with_exact(
        embedding, learned, clusters, load_graph(affinity / "graph.npz"), sampler == "edges", seed
    )
    labels = known(load_array(data / "labels.npy"))
    if labels is not None:
        x = load_array(features / "features.npy")
        embedded = map_in_chunks(whole.embedder, x, stage.device)
        n_clusters = stage.settings.n_clusters
        clusterings = {
            "": clusters,
            "spectral_": exact_clusters,
            "kmeans_": kmeans_clusters(x, n_clusters, seed),
            "kmeans_embedding_": kmeans_clusters(embedded, n_clusters, seed),
        }
        metrics |= score_clusterings(clusterings, labels)
    metrics |= _held_out_scores(stage, whole, data)

    records = [load_json(f / "run.json") for f in (data, features, graph, affinity, model)]
    metrics |= {f"seconds_{record['stage']}": round(record["seconds"], 1) for record in records}
    save_json(results / "metrics.json", dict(load_json(affinity / "about.json")) | metrics)
    about = load_json(data / "about.json")
    pictures = {
        "embedding": plots.embedding(embedding, clusters, labels, seed),
        "eigenvalues": plots.eigenvalues(learned, exact),
    }
    if labels is not None:
        pictures["confusion"] = plots.confusion(labels, clusters)
    if about["image_shape"]:
        images, shape = load_array(data / "features.npy"), tuple(about["image_shape"])
        pictures["clusters"] = plots.samples(images, clusters, shape, seed)
    _save_pictures(pictures, results / "pictures")

    stage.run.log_dataset(about["dataset"], about["sha256"])
    stage.run.log_metrics(metrics, on_parent=True)
    stage.run.log_upstream(records)
    stage.run.log_artifacts([results / "metrics.json", results / "pictures"], on_parent=True)
    score = "no labels" if labels is None else f"ACC {metrics['acc']:.3f}, NMI {metrics['nmi']:.3f}"
    return f"{score}, squared Grassmann distance {metrics['grassmann']:.3f}"


def _held_out_scores(stage: Stage, whole: ClusterModel, data: Path) -> dict[str, float]:
    labels = known(load_array(data / "held_out_labels.npy"))
    if labels is None:
        return {}
    clusters = whole.predict(load_array(data / "held_out_features.npy"), stage.device)
    scored = score_clusterings({"": clusters}, labels)
    return {f"{name}_test": score for name, score in scored.items()}


def _save_pictures(pictures: dict[str, Figure], folder: Path) -> None:
    for name, figure in pictures.items():
        with whole_file(folder / f"{name}.png") as partial:
            figure.savefig(partial, format="png", dpi=110)


if __name__ == "__main__":
    main(evaluate)
