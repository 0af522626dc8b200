"""A page to explore clusters in: one HTML file that needs no other."""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
from bokeh.embed import components
from bokeh.resources import Resources
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray

from spectralnet.clusters.kmeans import Assignment
from spectralnet.clusters.noise import cluster_name
from spectralnet.report.layout import lay_out
from spectralnet.report.panels import KINDS, panels_of, strongest_columns, tell_points
from spectralnet.report.scatter import Colouring, by_group, by_label, by_number, draw_scatter
from spectralnet.report.shown import MOST_POINTS, Shown, choose_rows, make_sheet

DISTANCE, PROBABILITY, OUTLIER_SCORE = "distance to the centroid", "probability", "outlier score"

TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
  {% if sheet %}:root { --sheet: url({{ sheet.url }}); }{% endif %}
  body { font: 15px/1.45 system-ui, sans-serif; color: #1c2330; background: #fff; margin: 0; }
  header { padding: .6rem 1rem; border-bottom: 1px solid #d8dde6; display: flex; gap: .4rem 1.2rem;
           align-items: baseline; flex-wrap: wrap; }
  h1 { font-size: 1.15rem; margin: 0; }
  h2 { font-size: 1.1rem; margin: .2rem 0; }
  h3 { font-size: .95rem; margin: 1rem 0 .3rem; color: #5a6577; }
  main { display: grid; grid-template-columns: minmax(20rem, 3fr) minmax(18rem, 2fr);
         height: calc(100vh - 3.4rem); min-height: 30rem; }
  #panel { overflow: auto; padding: .6rem 1rem; border-left: 1px solid #d8dde6; }
  #plot { min-width: 0; min-height: 0; }
  @media (max-width: 46rem) { main { display: block; height: auto; } #plot { height: 70vh; } }
  button { font: inherit; border: 1px solid #cbd2dd; border-radius: .3rem; background: #fff;
           margin: .1rem; padding: .05rem .5rem; cursor: pointer; }
  button[aria-pressed=true] { background: #1c2330; color: #fff; }
  .dot { display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin-right: .3em; }
  .tile { {{ tile }}; display: inline-block; margin: 1px; }
  table { border-collapse: collapse; font-size: .9em; }
  th, td { text-align: right; padding: .1rem .7rem .1rem 0; border-bottom: 1px solid #e6e9ef; }
  th:first-child, td:first-child { text-align: left; }
  blockquote { margin: .3rem 0; padding-left: .6rem; border-left: 3px solid #e6e9ef; }
  .name { color: #5a6577; }
  .scroll { overflow-x: auto; }
</style>
{{ scripts }}
</head>
<body>
<header><h1>{{ title }}</h1>
<label>Colour by <select id="colouring">
{% for colouring in colourings %}<option value="{{ loop.index0 }}">{{ colouring.title }}</option>
{% endfor %}</select></label> <span id="legend"></span></header>
<main><div id="plot">{{ plot }}</div>
<div id="panel">
<nav><button data-cluster="all" aria-pressed="true">all</button>
{% for c in clusters %}<button data-cluster="{{ loop.index0 }}" aria-pressed="false">
<span class="dot" style="background:{{ c.colour }}"></span>{{ c.name }}</button>{% endfor %}</nav>
<section id="cluster-all">
<p>{{ n }} points in {{ clusters | length }} clusters
{%- if n_drawn != n %}, {{ n_drawn }} of them drawn{% endif %}. Point at one to see what it is,
click to see its cluster. Distances between islands mean nothing.</p>
<table><thead><tr><th>cluster</th><th>size</th><th>silhouette</th></tr></thead><tbody>
{% for c in clusters %}
<tr><td>{{ c.name }}</td><td>{{ c.size }}</td><td>{{ c.silhouette }}</td></tr>
{% endfor %}</tbody></table></section>
{% for c in clusters %}
<section id="cluster-{{ loop.index0 }}" hidden><h2>{{ c.title }}</h2>
<p>{{ c.size }} points, silhouette {{ c.silhouette }}.
{% if c.neighbours %}Could be confused with
{% for name, index, share in c.neighbours %}<button data-cluster="{{ index }}">
{{ name }} ({{ share }})</button>{% endfor %}{% endif %}</p>
{% if c.features %}<h3>What tells it from the rest</h3>
<table><tbody>{% for name, effect in c.features %}<tr><td>{{ name }}</td><td>{{ effect }}</td></tr>
{% endfor %}</tbody></table>{% endif %}
{% for kind, samples in c.samples.items() %}<h3>{{ kind }}</h3>
{% if samples.table %}<div class="scroll"><table><thead><tr><th></th>
{% for name in samples.columns %}<th>{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for name, values in samples.table %}<tr>
<td>{{ name }}</td>{% for value in values %}<td>{{ value }}</td>{% endfor %}</tr>{% endfor %}
</tbody></table></div>
{% else %}{% for name, place, text in samples.rows %}{% if place %}<span class="tile"
style="background-position:{{ place }}" title="{{ name }}" role="img"
aria-label="{{ name }}"></span>
{% elif text %}<blockquote>{{ text }} <span class="name">{{ name }}</span></blockquote>
{% else %}<span class="name">{{ name }}</span> {% endif %}{% endfor %}{% endif %}
{% endfor %}</section>
{% endfor %}
</div></main>
<script>
const colourings = {{ legends | tojson }};
const model = name => Bokeh.documents[0].get_model_by_name(name);
function showCluster(index) {
  for (const section of document.querySelectorAll("section"))
    section.hidden = section.id !== "cluster-" + index;
  for (const button of document.querySelectorAll("nav button"))
    button.setAttribute("aria-pressed", String(button.dataset.cluster === String(index)));
  const clusters = Array.from(model("points").data.c0);
  model("points").selected.indices = index === "all" ? []
    : clusters.flatMap((cluster, i) => cluster === Number(index) ? [i] : []);
  document.getElementById("panel").scrollTop = 0;
}
function colourBy(i) {
  const {names, palette, low, high} = colourings[i], points = model("points");
  model("mapper").setv({palette, low, high});
  model("bar").visible = names === null;
  points.data = {...points.data, colour: points.data["c" + i]};
  const told = (i > 0 && names || []).slice(0, 30);  // those of clusters stand beside the plot
  document.getElementById("legend").replaceChildren(...told.map((name, j) => {
    const entry = document.createElement("span"), dot = document.createElement("span");
    dot.className = "dot";
    dot.style.background = palette[j];
    entry.append(dot, name + "  ");
    return entry;
  }));
}
document.getElementById("colouring").onchange = event => colourBy(Number(event.target.value));
for (const button of document.querySelectorAll("[data-cluster]"))
  button.onclick = () => showCluster(button.dataset.cluster);
</script>
</body>
</html>
"""


def numbers_of(assigned: Assignment) -> dict[str, NDArray[np.floating]]:
    """Gather what a model tells of points beside their clusters, by its title on the page."""
    shares = assigned.probabilities  # (n, k)
    told = {
        DISTANCE: assigned.distances,
        PROBABILITY: None if shares is None else shares.max(axis=1),
        OUTLIER_SCORE: assigned.outlier_scores,
    }
    # Scores are NaN where the points are in no space.
    return {title: x for title, x in told.items() if x is not None and not np.isnan(x).all()}


def render_explorer(
    title: str,
    clusters: NDArray[np.int64],
    places: NDArray[np.floating],
    description: pd.DataFrame,
    shown: Shown,
    numbers: Mapping[str, NDArray[np.floating]],
    flat: NDArray[np.floating] | None = None,
    seed: int = 0,
) -> str:
    """Write a page with all points as a scatter, and what each cluster is.

    Parameters
    ----------
    title : str
    clusters : int ndarray of shape (n,)
    places : ndarray of shape (n, c)
        Of the points among the centroids.
    description : DataFrame
        As `spectralnet.methods.description.describe_clusters` makes it.
    shown : Shown
        Of which the page holds as many as `spectralnet.report.shown` says, those of `description`
        first.
    numbers : dict of str to ndarray of shape (n,)
        What else to colour points by, and to tell on hover, by its title: `numbers_of`.
    flat : ndarray of shape (n, 2), optional
        The layout; by default that of `spectralnet.report.layout.lay_out`.
    seed : int, default=0
        Of the layout, and of the samples that are shown.

    Returns
    -------
    str
        HTML, all of the user's texts escaped.
    """
    flat = lay_out(places, clusters, seed) if flat is None else flat
    named = [row for kind in KINDS for rows in description[kind] for row in rows]
    rows = shown.choose(named, seed, len(clusters))
    sheet = make_sheet(shown, rows)
    drawn = choose_rows(rows, MOST_POINTS, seed, len(clusters))
    colourings = _colourings(clusters, description, shown, numbers)
    tile = None
    if sheet:
        (width, height), wide = sheet.tile, sheet.width
        tile = f"width:{width}px;height:{height}px;background:var(--sheet) no-repeat"
        tile += f";background-size:{wide}px auto;image-rendering:pixelated"
    told = tell_points(shown, rows, sheet, len(flat))
    plot = draw_scatter(flat, colourings, told, tile, drawn)
    script, div = _as_always(*components(plot))
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(TEMPLATE).render(
        title=title,
        scripts=Markup(_bokeh() + script),  # noqa: S704  # Bokeh escapes the data in it
        plot=Markup(div),  # noqa: S704
        n=f"{len(clusters):,}",
        n_drawn=f"{len(drawn):,}",
        sheet=sheet and {"url": Markup(sheet.url)},  # noqa: S704  # base64
        tile=Markup(tile or ""),  # noqa: S704  # numbers
        colourings=colourings,
        legends=[
            {"names": c.names, "palette": c.palette, "low": c.low, "high": c.high}
            for c in colourings
        ],
        clusters=panels_of(description, shown, sheet, colourings[0].palette),
    )


def _colourings(
    clusters: NDArray[np.int64],
    description: pd.DataFrame,
    shown: Shown,
    numbers: Mapping[str, NDArray[np.floating]],
) -> list[Colouring]:
    """List the ways to colour points: by cluster first, label, numbers, columns."""
    names = [cluster_name(cluster) for cluster in description.index]
    codes = np.searchsorted(description.index, clusters)  # both ascend
    colourings = [by_group("cluster", codes, names)]
    if shown.labels is not None:
        colourings.append(by_label(shown.labels))
    colourings += [by_number(name, values) for name, values in numbers.items()]
    if shown.columns is not None:
        strongest = strongest_columns(description, shown.columns)
        colourings += [by_number(name, shown.columns[name].to_numpy()) for name in strongest]
    return colourings


def _as_always(script: str, div: str) -> tuple[str, str]:
    """Put fixed names in place of Bokeh's random ones: the same points make the same page."""
    document, element = re.findall('"docid":"(.*?)"', script)[0], re.findall('id="(.*?)"', div)[0]
    for drawn, fixed in ((document, "points"), (element, "scatter")):
        script, div = script.replace(drawn, fixed), div.replace(drawn, fixed)
    return script, div


def _bokeh() -> str:
    """Return BokehJS itself, so that nothing is loaded from elsewhere."""
    return Resources(mode="inline", components=["bokeh", "bokeh-gl"]).render_js()
