"""The model card: what a model is, what it was fitted on, how well, and where it fails."""

from typing import Any

from spectralnet.methods.catalogue import METHODS, OURS

# What Markdown, and the HTML that it may hold, would not show as it is written.
SIGNS = {"&": "&amp;", "<": "&lt;", "|": "\\|", "`": "\\`", "](": "]\\(", "\n": " ", "\r": " "}
SCORES = {
    "acc": "ACC, fitted points",
    "nmi": "NMI, fitted points",
    "ari": "ARI, fitted points",
    "acc_test": "ACC, held-out points (matched alone)",
    "nmi_test": "NMI, held-out points",
    "noise": "noise, part of the fitted points",
    "grassmann": "squared Grassmann distance to the exact eigenspace",
    "agreement": "agreement with exact spectral clustering (NMI)",
}
UNLIKE = {
    False: "Every sample gets a cluster,\nalso one that is unlike all that were fitted.",
    True: "Samples unlike all that were\nfitted get none, -1: noise, which no score counts.",
}

CARD = """# {method} on {dataset}

Puts samples like those of `{dataset}` into {n_clusters} clusters, by {what}.

## Data

{n} points of {n_features} features were fitted, {n_held_out} held out; {n_known_labels} labels
and {n_pairs} pairs were used in training. SHA-256 of the features: `{sha256}`.
Licence of the data: {licence}.

## Results

Labels that were not used in training, where there are any, scored the clusters afterwards.

| measure | value |
| --- | --- |
{scores}

## Limits

Clusters have numbers, not names: which is which has to be looked at. {unlike}
The distance to the centroid says how typical a sample is, and is no probability. Samples have to be
raw and of the kind that was fitted: the model prepares them itself.

## Parameters

| name | value |
| --- | --- |
{parameters}
"""


def model_card(
    about: dict[str, Any],
    params: dict[str, Any],
    metrics: dict[str, Any],
    method: str = "spectralnet",
) -> str:
    """Write the model card of a run.

    Parameters
    ----------
    about : dict
        The data: ``about.json`` of the prepared features.
    params : dict
        Every parameter of the configuration, flat.
    metrics : dict
        Those of the evaluation.
    method : str, default="spectralnet"
        One of `METHODS`.

    Returns
    -------
    str
        Markdown.
    """
    scores = [f"| {SCORES[name]} | {metrics[name]:.4f} |" for name in SCORES if name in metrics]
    parameters = [f"| `{name}` | {_plain(value)} |" for name, value in params.items()]
    return CARD.format(
        **about,
        n_pairs=sum(about.get(name, 0) for name in ("n_must_link", "n_cannot_link")),
        method=method,
        what=METHODS[method].description if method in METHODS else OURS,
        n_clusters=metrics.get("n_clusters", params["n_clusters"]),
        unlike=UNLIKE["noise" in metrics],
        scores="\n".join(scores),
        parameters="\n".join(parameters),
    )


def _plain(value: Any) -> str:
    """Return a value, such as a path of the user's, as a cell of a table shows it."""
    text = str(value)
    for sign, shown in SIGNS.items():
        text = text.replace(sign, shown)
    return text
