"""Write the points in a space that needs no training: gradients, projections, or as they are."""

from pathlib import Path

from spectralnet.artifacts import load_json, load_matrix, save_matrix
from spectralnet.codes.spaces import choose_space, untrained_encoder
from spectralnet.config.limits import check_sizes
from spectralnet.nets.devices import map_through
from spectralnet.nets.saved import save_net
from stages.common import Stage, former_nets, main


def space(stage: Stage, features: Path, described: Path) -> str:
    """Map the features into the space that the output's folder is named after."""
    x = load_matrix(features / "matrix")
    check_sizes(x.shape[0], stage.settings)
    image_shape = load_json(features / "about.json")["image_shape"]
    name = described.parent.name
    chosen = choose_space(name, x, image_shape)
    former = former_nets(stage, features)
    if former is not None and (len(former[0]) > 0 or not len(former[1])):
        encoder = former[0]
    else:  # which a Siamese net that sees images does without
        encoder = untrained_encoder(chosen, x, image_shape, stage.params.seed)
    x = map_through(x, stage.device, encoder)
    save_matrix(described / "matrix", x)
    save_net(described, "encoder", encoder)
    return f"{x.shape[1]} numbers a point, space: {chosen}"


if __name__ == "__main__":
    main(space)
