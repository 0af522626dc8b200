"""What a page tells of each point, and of each cluster."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spectralnet.clusters.noise import NOISE, cluster_name
from spectralnet.methods.description import LEAST_CONFUSED
from spectralnet.report.scatter import COLUMNS_SHOWN
from spectralnet.report.shown import Sheet, Shown

KINDS = {"nearest": "Nearest to the centroid", "typical": "Typical", "border": "On the border"}


def strongest_columns(description: pd.DataFrame, columns: pd.DataFrame | None) -> list[str]:
    """Name the columns that tell clusters apart most, the strongest first."""
    if columns is None:
        return []
    found = pd.DataFrame(
        [pair for pairs in description["features"] for pair in pairs], columns=["name", "effect"]
    )
    order = found.set_index("name")["effect"].abs().sort_values(ascending=False, kind="stable")
    return [str(name) for name in order.index.unique() if name in columns][:COLUMNS_SHOWN]


def tell_points(
    shown: Shown, rows: NDArray[np.integer], sheet: Sheet | None, n: int
) -> dict[str, list[str]]:
    """Say what hovering tells of each of n points; a text or an image of those in `rows` alone."""
    told = {"name": [shown.name(row) for row in range(n)]}
    if shown.texts is not None:
        told["text"] = [""] * n
        for row in rows:
            told["text"][row] = shown.text(row)
    if sheet:
        told["place"] = [sheet.places.get(row, "9999px 0") for row in range(n)]
    return told


def panels_of(
    description: pd.DataFrame, shown: Shown, sheet: Sheet | None, palette: list[str]
) -> list[dict[str, Any]]:
    """Say what the panel of each cluster shows, the clusters in the order of `description`."""
    index = {cluster: i for i, cluster in enumerate(description.index.tolist())}
    return [
        {
            "name": cluster_name(cluster),
            "title": "Noise" if cluster == NOISE else f"Cluster {cluster}",
            "colour": colour,
            "size": f"{row['size']:,}",
            "silhouette": f"{row['silhouette']:.2f}",
            "features": [(name, f"{effect:+.3g}") for name, effect in row["features"]],
            "neighbours": [
                (cluster_name(other), index[other], f"{share:.2f}")
                for other, share in row["neighbours"]
                if other in index and share >= LEAST_CONFUSED
            ],
            "samples": {
                title: _looks(shown, row[kind], sheet, row["features"])
                for kind, title in KINDS.items()
            },
        }
        for cluster, row, colour in zip(index, description.to_dict("records"), palette, strict=True)
    ]


def _looks(
    shown: Shown, rows: list[int], sheet: Sheet | None, features: list[tuple[str, float]]
) -> dict[str, Any]:
    """Say how some samples are shown: as images, texts, rows of a table, or names alone."""
    places = sheet.places if sheet else {}
    looks = [(shown.name(row), places.get(row), shown.text(row)) for row in rows]
    columns, table = [], []
    if shown.columns is not None and not sheet and shown.texts is None:
        columns = [name for name, _ in features if name in shown.columns][:COLUMNS_SHOWN]
        values = shown.columns[columns].iloc[rows].to_numpy()
        table = [
            (look[0], [f"{value:.4g}" for value in line])
            for look, line in zip(looks, values, strict=True)
        ]
    return {"rows": looks, "table": table, "columns": columns}
