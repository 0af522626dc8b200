"""An interactive scatter of points, by Bokeh. Needs the extra ``explore``."""

from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from bokeh.models import (
    ColumnDataSource,
    CustomJS,
    CustomJSHover,
    HoverTool,
    LinearColorMapper,
    TapTool,
)
from bokeh.models.annotations import ColorBar
from bokeh.palettes import Category10, Category20, Turbo256, Viridis256
from bokeh.plotting import figure
from numpy.typing import NDArray

GREY = "#b0b6c0"  # of noise, and of what has no value
COLUMNS_SHOWN = 8
# Bokeh asks for the name of a property; the page's own script knows what a cluster's is.
TAPPED = "showCluster(cb_data.source.data.c0[cb_data.source.inspected.indices[0]])"


class Colouring(NamedTuple):
    """A way to colour points."""

    title: str
    values: NDArray[np.floating]  # (n,), numbers of `names` where there are any
    names: list[str] | None  # of groups; None: numbers on a scale
    palette: list[str]
    low: float
    high: float


def by_group(title: str, codes: NDArray[np.integer], names: Sequence[str]) -> Colouring:
    """Colour by groups: `codes`, shape (n,), from 0, are places in `names`; -1 is none."""
    k = len(names)
    small = Category10[10] if k <= 10 else Category20[20]
    palette = [small[i] if k <= 20 else Turbo256[i * 255 // (k - 1)] for i in range(k)]
    palette = [GREY if name == "noise" else c for c, name in zip(palette, names, strict=True)]
    values = np.where(codes < 0, np.nan, codes).astype(np.float32)
    return Colouring(title, values, list(names), palette, -0.5, k - 0.5)


def by_number(title: str, values: NDArray[np.floating]) -> Colouring:
    """Colour by numbers, shape (n,), from the 2nd to the 98th percentile of the finite ones."""
    values = np.where(np.isfinite(values), values, np.nan).astype(np.float32)
    known = values[~np.isnan(values)]
    low, high = np.percentile(known, [2, 98]) if known.size else (0, 1)
    return Colouring(
        title, values, None, list(Viridis256), float(low), float(max(high, low + 1e-9))
    )


def by_label(labels: Sequence[Any]) -> Colouring:
    """Colour by labels of any type; None and NaN are none."""
    codes, names = pd.factorize(
        pd.Series(labels, dtype=object).map(str, na_action="ignore"), sort=True
    )
    return by_group("label", codes, [str(name) for name in names])


def draw_scatter(
    flat: NDArray[np.floating],
    colourings: Sequence[Colouring],
    shown: dict[str, list[str]],
    tile: str | None,
    drawn: NDArray[np.integer],
) -> Any:
    """Draw points that tell on hover what they are, and on a click show their cluster.

    What they are coloured by is told as well, whatever the choice.

    Parameters
    ----------
    flat : ndarray of shape (n, 2)
    colourings : sequence of Colouring
        The first is by cluster.
    shown : dict of str to list of n str
        What is told of each: its `name`, its `text` and the `place` of its tile, "" where none is.
    tile : str, optional
        How a tile looks in CSS, if there are images; its place is added.
    drawn : int ndarray of shape (m,)
        The rows of the points that are drawn.

    Returns
    -------
    bokeh.plotting.figure
    """
    data: dict[str, Any] = {f"c{i}": c.values[drawn] for i, c in enumerate(colourings)}
    data |= {"x": flat[drawn, 0], "y": flat[drawn, 1], "colour": colourings[0].values[drawn]}
    data |= {name: [values[row] for row in drawn] for name, values in shown.items()}
    source = ColumnDataSource(data, name="points")
    mapper = LinearColorMapper(
        palette=colourings[0].palette, low=colourings[0].low, high=colourings[0].high,
        nan_color=GREY, name="mapper",
    )  # fmt: skip
    plot = figure(
        output_backend="webgl", sizing_mode="stretch_both", active_scroll="wheel_zoom",
        tools="pan,wheel_zoom,box_zoom,reset,save", min_border=8,
    )  # fmt: skip
    marks = plot.scatter(
        "x", "y", source=source, size=float(np.clip(400 / np.sqrt(len(drawn)), 3, 8)),
        line_color=None, fill_color={"field": "colour", "transform": mapper}, fill_alpha=0.75,
        nonselection_fill_alpha=0.06, selection_fill_alpha=0.9,
    )  # fmt: skip
    plot.axis.visible = plot.grid.visible = False
    plot.toolbar.logo = None
    plot.add_layout(ColorBar(color_mapper=mapper, visible=False, name="bar"), "below")
    tip, formatters = _tooltip(colourings, shown, tile)
    hover = HoverTool(renderers=[marks], tooltips=tip, formatters=formatters, limit=1)
    click = TapTool(renderers=[marks], behavior="inspect", callback=CustomJS(code=TAPPED))
    plot.add_tools(hover, click)
    return plot


def _tooltip(
    colourings: Sequence[Colouring],
    shown: dict[str, list[str]],
    tile: str | None,
) -> tuple[str, dict[str, Any]]:
    """Write what hovering tells, in Bokeh's HTML: it escapes the values, and we the titles."""
    formatters: dict[str, Any] = {}
    lines = ["<div>sample @name</div>"]
    if tile:
        lines.append(f'<div style="{tile};background-position:@place"></div>')
    for i, colouring in enumerate(colourings):
        title = escape(colouring.title).replace("@", "&#64;").replace("$", "&#36;")
        if colouring.names is not None:
            code = "return Number.isNaN(value) ? '-' : names[value]"
            formatters[f"@c{i}"] = CustomJSHover(args={"names": colouring.names}, code=code)
            lines.append(f"<div>{title} <b>@c{i}{{custom}}</b></div>")
        else:
            lines.append(f"<div>{title} @c{i}{{0.[000]}}</div>")
    if "text" in shown:
        lines.append("<div>@text</div>")
    return f'<div style="max-width:22rem">{"".join(lines)}</div>', formatters
