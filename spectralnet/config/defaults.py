"""Settings that suit most data: those of params.yaml, for few points and for many."""

from collections.abc import Mapping
from typing import Any

from spectralnet.checks import check_count
from spectralnet.config.schema import Settings, validate
from spectralnet.methods.dec.training import DECParams
from spectralnet.methods.dual_autoencoder.net import DualAutoencoderParams
from spectralnet.nets.stacked import StackedParams
from spectralnet.spectral.training import candidate_components

FEW_POINTS = 10_000
N_NEIGHBOURS = 20
POINTS_A_COMPONENT = 10  # with fewer, a net without training cannot make so many independent

_TRAINING = {"learning_rate": 0.001, "patience": 10, "held_out": 0.1}
_SIAMESE = {"embedding_size": 32, "loss": "infonce", "temperature": 0.5, "margin": 1.0}
_SETTINGS: dict[str, Any] = {
    "affine": {"rotation": 15, "shift": 0.1, "scale": 0.2, "shear": 0.25},
    "autoencoder": {"code_size": 10, "corruption": 0.0, **_TRAINING},
    "graph": {"search": "auto", "scale": "local", "overlap": 1},
    "siamese": {**_TRAINING, **_SIAMESE, "learning_rate": 0.002},
    "spectralnet": {"sampler": "edges", "steps_per_epoch": 100, **_TRAINING},
}
_FEW: dict[str, Any] = {
    "autoencoder": {"hidden": [256, 128], "epochs": 60, "batch_size": 64},
    "siamese": {
        "channels": [16, 32],
        "hidden": [64, 64],
        "epochs": 10,
        "steps_per_epoch": 20,
        "batch_size": 128,
    },
    "spectralnet": {"hidden": [128, 128], "epochs": 30, "batch_size": 256},
}
_MANY: dict[str, Any] = {
    "autoencoder": {"hidden": [500, 500, 2000], "epochs": 40, "batch_size": 256},
    "siamese": {
        "channels": [32, 64, 64],
        "hidden": [1024, 1024, 512],
        "epochs": 15,
        "steps_per_epoch": 100,
        "batch_size": 512,
    },
    "spectralnet": {
        "hidden": [512, 512, 256],
        "epochs": 40,
        "batch_size": 512,
        "learning_rate": 0.003,
    },
}
_STACKED: dict[str, Any] = {"code_size": 10, "layer_epochs": 10, "corruption": 0.2, **_TRAINING}
_DEC: dict[str, Any] = {
    "epochs": 60,
    "learning_rate": 0.01,
    "update_interval": 0.5,
    "tol": 0.001,
}
_DUAL_AUTOENCODER: dict[str, Any] = {
    "channels": [16, 32, 64],
    "noise": 0.3,
    "relative": 0.5,
    "prior": 0.3,
    "global_information": 10.0,
    "local_information": 10.0,
    "epochs": 30,
    "batch_size": 128,
    **_TRAINING,
}
_JOINT: dict[str, Any] = {"steps_per_epoch": 60, "spectral": 200.0, "epochs": 12, "batch_size": 128}


def default_settings(
    n: int, n_clusters: int, changes: Mapping[str, Mapping[str, Any]] | None = None
) -> Settings:
    """Choose settings for n points: small nets for up to `FEW_POINTS`, else the papers'.

    Parameters
    ----------
    n : int
        Number of points to fit. With few, the graph has fewer neighbours and the spectral
        net fewer components than usual: n - 1 at most.
    n_clusters : int
    changes : dict of str to dict, optional
        What to change, by block and name as in ``params.yaml``.

    Returns
    -------
    Settings

    Raises
    ------
    ParameterError
        If a change is of an unknown name, or of a value that it cannot have.
    """
    sized = _FEW if n <= FEW_POINTS else _MANY
    raw: dict[str, Any] = {block: dict(changed) for block, changed in (changes or {}).items()}
    for block, values in _SETTINGS.items():
        raw[block] = values | sized.get(block, {}) | raw.get(block, {})
    raw["n_clusters"] = n_clusters
    graph, spectralnet = raw["graph"], raw["spectralnet"]
    graph.setdefault("n_neighbours", max(1, min(N_NEIGHBOURS, n - 1)))
    check_count("graph.n_neighbours", graph["n_neighbours"])
    graph.setdefault("scale_neighbour", max(1, graph["n_neighbours"] // 2))
    enough = max(n_clusters + 1, n // POINTS_A_COMPONENT)
    wanted = min(candidate_components(n_clusters), enough, n - 1)
    if spectralnet.get("n_components") is None:
        spectralnet["n_components"] = max(1, wanted)
    check_count("spectralnet.n_components", spectralnet["n_components"])
    if "batch_size" not in (changes or {}).get("spectralnet", {}):  # it has to span them
        spectralnet["batch_size"] = max(spectralnet["batch_size"], 2 * spectralnet["n_components"])
    return validate(Settings, raw, "the parameters")


def default_dec(
    n: int,
    stacked: Mapping[str, Any] | None = None,
    dec: Mapping[str, Any] | None = None,
) -> tuple[StackedParams, DECParams]:
    """Choose settings of DEC's pretraining and of its clustering of n points.

    Parameters
    ----------
    n : int
        Number of points to fit: a smaller net for up to `FEW_POINTS`.
    stacked, dec : dict, optional
        What to change, by name.

    Returns
    -------
    stacked : StackedParams
    dec : DECParams

    Raises
    ------
    ParameterError
        If a change is of an unknown name, or of a value that it cannot have.
    """
    sized = (_FEW if n <= FEW_POINTS else _MANY)["autoencoder"]
    batch_size = {"batch_size": sized["batch_size"]}
    return (
        validate(StackedParams, _STACKED | sized | dict(stacked or {}), "the parameters, stacked"),
        validate(DECParams, _DEC | batch_size | dict(dec or {}), "the parameters, dec"),
    )


def default_dual_autoencoder(
    n: int, n_components: int, images: bool, changes: Mapping[str, Any] | None = None
) -> DualAutoencoderParams:
    """Choose settings of the Dual Autoencoder Network for n points.

    Parameters
    ----------
    n : int
        Number of points to fit.
    n_components : int
        Of the spectral map, which a minibatch of the joint fine-tuning has to span.
    images : bool
        Whether they are images: with codes of size 120, as in the paper, and not of 10.
    changes : dict, optional
        What to change, by name; those of the block `joint` in a dict of their own.

    Returns
    -------
    DualAutoencoderParams

    Raises
    ------
    ParameterError
        If a change is of an unknown name, or of a value that it cannot have.
    """
    changes = dict(changes or {})
    hidden = (_FEW if n <= FEW_POINTS else _MANY)["autoencoder"]["hidden"]
    raw = _DUAL_AUTOENCODER | {"hidden": hidden, "code_size": 120 if images else 10}
    batch_size = {"batch_size": max(_JOINT["batch_size"], n_components)}
    joint = _JOINT | batch_size | _TRAINING | dict(changes.pop("joint", {}))
    return validate(DualAutoencoderParams, raw | changes | {"joint": joint}, "the parameters")
