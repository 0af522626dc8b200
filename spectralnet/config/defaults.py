"""What the estimators take where nothing is said: by the number of points."""

from collections.abc import Mapping
from typing import Any

from spectralnet.checks import check_count
from spectralnet.config.settings import SMALL, Settings, validate, without_nulls
from spectralnet.graph.affinity import GraphParams
from spectralnet.methods.dec.stacked import StackedParams
from spectralnet.methods.dec.training import DECParams
from spectralnet.methods.dual_autoencoder.net import DualAutoencoderParams, JointParams
from spectralnet.spectral.training import SpectralNetParams, candidate_components

FEW_POINTS = 10_000
POINTS_A_COMPONENT = 10  # with fewer, a net without training cannot make so many independent


def default_settings(
    n: int,
    n_clusters: int,
    changes: Mapping[str, Mapping[str, Any]] | None = None,
    n_distinct: int | None = None,
) -> Settings:
    """Choose settings for n points; autoencoder and Siamese net are small up to `FEW_POINTS`.

    Parameters
    ----------
    n : int
        Number of points to fit. With few, the graph has fewer neighbours and the spectral
        net fewer components than usual: n - 1 at most.
    n_clusters : int
    changes : dict of str to dict, optional
        What to change, by block and name as in ``params.yaml``; None is the default.
    n_distinct : int, optional
        How many of the points differ, if that bounds the number of components.

    Returns
    -------
    Settings

    Raises
    ------
    ParameterError
        If a change is of an unknown name, or of a value that it cannot have.
    """
    raw = without_nulls(
        {block: dict(changed) for block, changed in (changes or {}).items()}, Settings
    )
    raw |= {"n_clusters": n_clusters, "nets": "small" if n <= FEW_POINTS else "large"}
    graph, spectralnet = raw.setdefault("graph", {}), raw.setdefault("spectralnet", {})
    graph.setdefault("n_neighbours", max(1, min(GraphParams().n_neighbours, n - 1)))
    check_count("graph.n_neighbours", graph["n_neighbours"])
    graph.setdefault("scale_neighbour", max(1, graph["n_neighbours"] // 2))
    if "n_components" not in spectralnet:
        enough = max(n_clusters + 1, n // POINTS_A_COMPONENT)
        # A net can hardly make as many independent outputs as there are different points.
        apart = n if n_distinct is None else max(n_clusters, n_distinct - 2)
        wanted = min(candidate_components(n_clusters), enough, n - 1, apart)
        spectralnet["n_components"] = max(1, wanted)
    check_count("spectralnet.n_components", spectralnet["n_components"])
    if "batch_size" not in spectralnet:  # it has to span them
        usual = SpectralNetParams.model_fields["batch_size"].default
        spectralnet["batch_size"] = max(usual, 2 * spectralnet["n_components"])
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
    sized = SMALL["autoencoder"] if n <= FEW_POINTS else {}
    batch_size = {"batch_size": sized["batch_size"]} if sized else {}
    return (
        validate(
            StackedParams,
            sized | without_nulls(dict(stacked or {}), StackedParams),
            "the parameters, stacked",
        ),
        validate(
            DECParams,
            batch_size | without_nulls(dict(dec or {}), DECParams),
            "the parameters, dec",
        ),
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
    usual: dict[str, Any] = {} if images else {"code_size": 10}
    if n <= FEW_POINTS:
        usual["hidden"] = SMALL["autoencoder"]["hidden"]
    said = without_nulls(dict(changes or {}), DualAutoencoderParams)
    batch_size = {"batch_size": max(JointParams().batch_size, n_components)}
    joint = batch_size | said.pop("joint", {})
    return validate(DualAutoencoderParams, usual | said | {"joint": joint}, "the parameters")
