"""The report of a run: one HTML file that needs no other."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

from spectralnet.artifacts import load_json
from spectralnet.clusters.noise import cluster_name
from spectralnet.errors import DataError
from spectralnet.methods.description import LEAST_CONFUSED
from spectralnet.report.captions import CAPTIONS

COMPARED = {
    "SpectralNet": ("", ""),
    "SpectralNet, held-out points matched alone": ("", "_test"),
    "exact spectral clustering, same graph": ("spectral_", ""),
    "k-means on the net's input": ("kmeans_embedding_", ""),
    "k-means in the space": ("kmeans_", ""),
}
# What `evaluate` leaves in its folder, and MLflow keeps; former versions had no description.
RESULTS = ("metrics.json", "description.json", "pictures", "report.html", "explore.html")
FEATURES = 5  # named of a cluster
SCORES = {"ACC": "acc", "NMI": "nmi", "NMI (max)": "nmi_max", "ARI": "ari"}
# What is known without labels: name, metric, format, what it says.
FACTS = [
    ("points", "n", "{:,.0f}", "fitted; held-out ones come on top"),
    (
        "squared Grassmann distance",
        "grassmann",
        "{:.3f}",
        "of the net's space to the exact one; 0 is best",
    ),
    ("largest residual", "largest_residual", "{:.3f}", "how far an exact eigenvalue may be"),
    ("agreement", "agreement", "{:.3f}", "NMI with exact spectral clustering of the same graph"),
    ("clusters by the eigengap", "suggested_n_clusters", "{:.0f}", "where exact eigenvalues leap"),
    ("noise", "noise", "{:.1%}", "of the points, in no cluster; scores leave it out"),
    ("clusters", "n_clusters", "{:.0f}", "so many centroids"),
    ("connected components", "components", "{:.0f}", "of the graph"),
    ("edges", "edges", "{:,.0f}", "of the graph"),
    ("recall", "recall", "{:.3f}", "of the neighbour search"),
    ("smallest cluster", "smallest_cluster", "{:,.0f}", "points"),
    ("largest cluster", "largest_cluster", "{:,.0f}", "points"),
]

TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; color: #1c2330; background: #fff;
         max-width: 62rem; margin: 2rem auto; padding: 0 1.2rem; }
  h1 { line-height: 1.2; margin-bottom: .2rem; }
  h2 { margin-top: 2.4rem; border-bottom: 1px solid #d8dde6; }
  .sub { color: #5a6577; margin-top: 0; }
  table { border-collapse: collapse; }
  th, td { text-align: left; padding: .25rem .9rem .25rem 0; vertical-align: top; }
  thead th, tbody tr { border-bottom: 1px solid #e6e9ef; }
  .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
  tr.first { font-weight: 600; }
  figure { margin: 2rem 0; }
  img { max-width: 100%; height: auto; }
  figcaption { color: #3b4454; max-width: 48rem; }
  .columns { columns: 3 16rem; }
  code { font-size: .9em; }
</style>
</head>
<body>
<h1>{{ title }}</h1>
<p class="sub">{{ subtitle }}</p>

{% if scores %}
<h2>Scores against labels</h2>
<table>
<thead><tr><th>method</th>{% for name in score_names %}<th class="number">{{ name }}</th>
{% endfor %}</tr></thead>
<tbody>
{% for method, values in scores.items() %}
<tr{% if loop.first %} class="first"{% endif %}><td>{{ method }}</td>
{% for value in values %}<td class="number">{{ "%.3f" | format(value) }}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table>
{% else %}
<p>No label is there to score by: what follows needs none.</p>
{% endif %}

<h2>Without labels</h2>
<table><tbody>
{% for name, value, meaning in facts %}
<tr><td>{{ name }}</td><td class="number">{{ value }}</td><td>{{ meaning }}</td></tr>
{% endfor %}
</tbody></table>
<p>A large distance or a low agreement: look at the net (epochs, widths). A small distance and poor
clusters: look at the graph (neighbours, space, affinity). With as many components as eigenvectors,
these only tell components apart: raise <code>graph.n_neighbours</code>.</p>

{% if clusters %}
<h2>Clusters</h2>
<table>
<thead><tr><th>cluster</th><th class="number">size</th><th class="number">silhouette</th>
{% if told %}<th>what tells it from the rest</th>{% endif %}
<th>could be confused with</th></tr></thead>
<tbody>
{% for name, size, silhouette, features, neighbours in clusters %}
<tr><td>{{ name }}</td><td class="number">{{ size }}</td><td class="number">{{ silhouette }}</td>
{% if told %}<td>{{ features }}</td>{% endif %}<td>{{ neighbours }}</td></tr>
{% endfor %}
</tbody></table>
<p>The silhouette is 1 far from all other clusters and 0 on the border. Columns differ by so many
standard deviations, terms have their class-based TF-IDF. Samples of each cluster are in
<code>explore.html</code>.</p>
{% endif %}

<h2>Pictures</h2>
{% for name, picture, caption in pictures %}
<figure>
<img src="data:image/png;base64,{{ picture }}" alt="{{ name }}">
<figcaption>{{ caption }}</figcaption>
</figure>
{% endfor %}

<h2>Parameters</h2>
<div class="columns">
{% for name, value in parameters.items() %}<code>{{ name }}: {{ value }}</code><br>
{% endfor %}
</div>
</body>
</html>
"""


def score_table(metrics: Mapping[str, Any]) -> pd.DataFrame:
    """Arrange scores by method, shape (methods, scores); empty if the data have no labels."""
    rows = {
        method: {title: metrics.get(before + name + after) for title, name in SCORES.items()}
        for method, (before, after) in COMPARED.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").dropna()


def render_report(
    params: Mapping[str, Any],
    metrics: Mapping[str, Any],
    pictures: Mapping[str, bytes],
    description: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Write the report of a run as HTML, everything in it.

    Parameters
    ----------
    params : dict
        All parameters of the configuration, flat.
    metrics : dict
        As in ``results/metrics.json``.
    pictures : dict of str to bytes
        PNG files by name; those without a caption in `spectralnet.report.captions.CAPTIONS` are
        left out.
    description : sequence of dict
        Of each cluster, as in ``results/description.json``; none in runs of former versions.

    Returns
    -------
    str
    """
    facts = [
        (name, text.format(float(metrics[key])), meaning)
        for name, key, text, meaning in FACTS
        if key in metrics
    ]
    choices = ("space", "affinity", "fit_on", "augment", "labelled", "limit", "seed")
    known = ", ".join(f"{name} {params[name]}" for name in choices if name in params)
    scores = score_table(metrics)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(TEMPLATE).render(
        title=f"SpectralNet on {params.get('dataset', 'your data')}",
        subtitle=known,
        scores={method: row.tolist() for method, row in scores.iterrows()},
        score_names=list(SCORES),
        facts=facts,
        pictures=[
            (name, base64.b64encode(pictures[name]).decode(), caption)
            for name, caption in CAPTIONS.items()
            if name in pictures
        ],
        clusters=[_cluster_row(cluster) for cluster in description],
        told=any(cluster["features"] for cluster in description),
        parameters=params,
    )


def _cluster_row(cluster: Mapping[str, Any]) -> tuple[str, ...]:
    """Say of a cluster in the words of the report what is known of it."""
    near = [(c, share) for c, share in cluster["neighbours"] if share >= LEAST_CONFUSED]
    return (
        cluster_name(cluster["cluster"]),
        f"{cluster['size']:,}",
        f"{cluster['silhouette']:.2f}",
        ", ".join(f"{name} ({effect:+.2g})" for name, effect in cluster["features"][:FEATURES]),
        ", ".join(f"{cluster_name(c)} ({share:.2f})" for c, share in near),
    )


def read_results(
    folder: Path,
) -> tuple[dict[str, Any], dict[str, bytes], list[dict[str, Any]]]:
    """Read what `evaluate` left in a folder of results.

    Returns
    -------
    metrics : dict
    pictures : dict of str to bytes
        PNG files by name.
    description : list of dict
        Of each cluster; empty in results of former versions.

    Raises
    ------
    DataError
        If `folder` holds no ``metrics.json``.
    """
    path = folder / "metrics.json"
    if not path.exists():
        raise DataError(f"{path} is missing: run the pipeline first, with `dvc repro`")
    pictures = {
        file.stem: file.read_bytes() for file in sorted((folder / "pictures").glob("*.png"))
    }
    described = folder / "description.json"
    return load_json(path), pictures, load_json(described) if described.exists() else []
