"""Train the autoencoder and write the codes."""

from pathlib import Path

from spectralnet.artifacts import load_matrix
from spectralnet.codes.autoencoder import train_autoencoder
from spectralnet.config.limits import check_sizes
from stages.common import Stage, main
from stages.files import write_codes


def autoencoder(stage: Stage, features: Path, codes: Path) -> str:
    """Train an autoencoder on the features; its codes are the features of the code space."""
    x = load_matrix(features / "matrix")
    check_sizes(x.shape[0], stage.settings)
    net, history = train_autoencoder(
        x,
        stage.settings.autoencoder,
        seed=stage.params.seed,
        device=stage.device,
        checkpoint=stage.checkpoint(features / "matrix"),
    )
    return write_codes(stage, codes, x, net, history)


if __name__ == "__main__":
    main(autoencoder)
