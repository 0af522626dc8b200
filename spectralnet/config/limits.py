"""Whether parameters fit the points: checked before any long work."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spectralnet.checks import check_count, check_distinct, count_distinct
from spectralnet.codes.spaces import AUTO, CODE, HOG, INPUT, LSA
from spectralnet.config.defaults import default_settings
from spectralnet.config.settings import Settings, without_nulls
from spectralnet.errors import ParameterError
from spectralnet.graph.affinity import GraphParams
from spectralnet.graph.supervision import Supervision, groups_of
from spectralnet.matrices import Matrix
from spectralnet.membership.n_clusters import enough_for
from spectralnet.methods.growing.former import WITHOUT, Former
from spectralnet.methods.learned import GIVEN, PLAIN
from spectralnet.nets.batches import n_held_out
from spectralnet.nets.net import Net
from spectralnet.spectral.samplers import SAMPLERS
from spectralnet.spectral.training import candidate_components


def check_sizes(n: int, settings: Settings) -> None:
    """Refuse parameters that ask for more than `n` points can give.

    Parameters
    ----------
    n : int
        Number of points to fit.
    settings : Settings

    Raises
    ------
    ParameterError
        If there are too few points for the neighbours, clusters or components.
    """
    limits = {
        "graph.n_neighbours": (settings.graph.n_neighbours, n - 1),
        "n_clusters": (settings.needed_clusters, n),
        "spectralnet.n_components": (settings.spectralnet.n_components, n - 1),
    }
    for name, (value, most) in limits.items():
        if value > most:
            raise ParameterError(
                f"{name} = {value} is too many for {n} points: at most {most}, or fit more points"
            )
    net = settings.spectralnet
    seen, most = n - n_held_out(n, net.held_out), _most_components(n, settings)
    if net.n_components > most:
        raise ParameterError(
            f"spectralnet.n_components = {net.n_components} is too many for {seen} points that "
            f"are not held out, which sampler: {net.sampler} divides: at most {most}"
        )


def _most_components(n: int, settings: Settings) -> int:
    """Return how many eigenvectors the points that a minibatch may hold can span."""
    net = settings.spectralnet
    return (n - n_held_out(n, net.held_out)) // SAMPLERS[net.sampler].parts


def check_points(x: Matrix, settings: Settings) -> None:
    """Refuse points, shape (n, d), that are too few, or too few different ones.

    Raises
    ------
    ParameterError
        See `check_sizes` and `check_distinct`.
    """
    check_sizes(x.shape[0], settings)
    check_distinct(x, settings.needed_clusters)
    check_distinct(x, settings.spectralnet.n_components, "spectralnet.n_components")


def check_supervision(supervision: Supervision, settings: Settings, affinity: str) -> None:
    """Refuse what is told of points, if it contradicts itself or the parameters.

    Raises
    ------
    DataError
        See `spectralnet.graph.supervision.groups_of`.
    ParameterError
        If there are more known labels than clusters, or no graph of ours to tell them to.
    """
    if not supervision.told.any():
        return
    if affinity == GIVEN:
        raise ParameterError(
            f"affinity = {GIVEN}: labels and pairs are told to a graph of ours: put them into the "
            "affinities that you give, or choose another affinity"
        )
    sampler = settings.spectralnet.sampler
    if not SAMPLERS[sampler].reads_graph:
        raise ParameterError(
            f"sampler = {sampler} makes affinities of its own, which labels and pairs do not "
            "reach: take edges"
        )
    enough_for(supervision.n_labels, settings.most_clusters)
    groups_of(supervision)


def check_former(former: Former | None, settings: Settings, space: str, affinity: str) -> None:
    """Refuse parameters that a former model, from which a training goes on, was not fitted with.

    Raises
    ------
    ParameterError
        If its clusters are more, or its nets lead to another space or another affinity's.
    """
    if former is None:
        return
    model, least = former.model, len(former.model.centroids)
    if settings.most_clusters < least:
        raise ParameterError(
            f"n_clusters = {settings.n_clusters}, but warm_start = {former.folder} names a model "
            f"of {least}, which keep their numbers: ask for as many, {WITHOUT}"
        )
    check_former_nets(model.encoder, model.embedder, former.folder, space, affinity)


def check_former_nets(
    encoder: Net, embedder: Net, folder: str | Path, space: str, affinity: str
) -> None:
    """Refuse to go on from the nets of the model in `folder` to another space or affinity's.

    DVC runs a stage by its own parameters: so one may come to nets that another accepted before.
    """
    named = f"but warm_start = {folder} names a model"
    learned = len(embedder) > 0
    if affinity == GIVEN or learned != (affinity != PLAIN):
        other = "with" if learned else "without"
        raise ParameterError(
            f"affinity = {affinity}, {named} {other} a learned metric: set affinity as it was, "
            f"{WITHOUT}"
        )
    kind = str(encoder.config["kind"]) if len(encoder) > 0 else INPUT
    own = {"gradients": HOG, "projection": LSA, "mlp": CODE}.get(kind, kind)
    # A Siamese net that sees images leaves no encoder behind, whatever the space.
    sees_images = learned and embedder.config["kind"] == "conv"
    if space != own and not (space == AUTO and own != CODE) and not sees_images:
        raise ParameterError(
            f"space = {space}, {named} of space {own}: set space: {own}, {WITHOUT}"
        )


def graph_settings(
    x: Matrix,
    n_clusters: int,
    n_neighbors: int,
    n_components: int | None,
    changes: Mapping[str, Mapping[str, Any] | None],
) -> Settings:
    """Choose settings of a graph and its eigenspace for points, shape (n, d).

    `changes` are of blocks, by name. All are checked against each other and the points: a
    `ParameterError` if they do not fit.
    """
    n = x.shape[0]
    check_count("n_neighbors", n_neighbors)
    if n < 3:
        raise ParameterError(
            f"{n} points cannot be trained on, since one of them is held out: give 3 or more"
        )
    own: dict[str, dict[str, Any]] = {"graph": {"n_neighbours": min(n_neighbors, n - 1)}}
    if n_components is not None:
        own["spectralnet"] = {"n_components": n_components}
    said = without_nulls(
        {block: dict(changed or {}) for block, changed in changes.items()}, Settings
    )
    asked = {
        "n_neighbors": (n_neighbors, GraphParams().n_neighbours, "graph", "n_neighbours"),
        "n_components": (n_components, None, "spectralnet", "n_components"),
    }
    for name, (value, default, block, key) in asked.items():
        other = said.get(block, {}).get(key, value)
        if value != default and value != other:
            raise ParameterError(
                f"{name} = {value}, but {block} asks for {key} = {other}: leave one of them out"
            )
    merged = {block: own.get(block, {}) | changed for block, changed in said.items()}
    n_distinct = count_distinct(x, candidate_components(n_clusters) + 2)
    settings = default_settings(n, n_clusters, merged, n_distinct)
    most = _most_components(n, settings)
    own_number = merged["spectralnet"].get("n_components")
    if own_number is None and settings.spectralnet.n_components > most:
        merged["spectralnet"]["n_components"] = most
        settings = default_settings(n, n_clusters, merged, n_distinct)
    check_points(x, settings)
    return settings
