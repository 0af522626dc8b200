"""Write the points in a space that needs no training: as they are, or as gradients of images."""

from pathlib import Path

from spectralnet.artifacts import load_json, load_matrix, save_matrix
from spectralnet.codes.spaces import choose_space, untrained_encoder
from spectralnet.config.limits import check_sizes
from spectralnet.nets.devices import map_through
from spectralnet.nets.saved import save_net
from stages.common import Stage, main


def space(stage: Stage, features: Path, described: Path) -> str:
    """Map the features into the space that the output's folder is named after."""
    x = load_matrix(features / "matrix")
    check_sizes(x.shape[0], stage.settings)
    image_shape = load_json(features / "about.json")["image_shape"]
    name = described.parent.name
    encoder = untrained_encoder(name, x.shape[1], image_shape)
    x = map_through(x, stage.device, encoder)
    save_matrix(described / "matrix", x)
    save_net(described, "encoder", encoder)
    return f"{x.shape[1]} numbers a point, space: {choose_space(name, image_shape)}"


if __name__ == "__main__":
    main(space)
