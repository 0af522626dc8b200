"""Train the autoencoder and write the codes."""

from pathlib import Path

import pandas as pd

from spectralnet.artifacts import load_matrix, save_matrix
from spectralnet.codes.autoencoder import Autoencoder, train_autoencoder
from spectralnet.config.limits import check_sizes
from spectralnet.matrices import Matrix
from spectralnet.nets.devices import map_in_chunks
from spectralnet.nets.net import Net
from spectralnet.nets.saved import save_net
from stages.common import Stage, former_nets, main, save_history


def autoencoder(stage: Stage, features: Path, codes: Path) -> str:
    """Train an autoencoder on the features; its codes are the features of the code space."""
    x = load_matrix(features / "matrix")
    check_sizes(x.shape[0], stage.settings)
    if (former := former_nets(stage, features)) is not None and len(former[0]) > 0:
        write_encoded(stage, codes, x, former[0])
        return f"codes of size {former[0].sizes[-1]}, by the former model"
    net, history = train_autoencoder(
        x,
        stage.settings.autoencoder,
        seed=stage.params.seed,
        device=stage.device,
        checkpoint=stage.checkpoint(features / "matrix"),
    )
    return write_codes(stage, codes, x, net, history)


def write_codes(
    stage: Stage, codes: Path, x: Matrix, net: Autoencoder, history: pd.DataFrame
) -> str:
    """Write what every autoencoder delivers: codes, encoder and learning curve."""
    write_encoded(stage, codes, x, net.encoder)
    save_history(codes, history)
    stage.run.log_curve(history)
    stage.run.log_model(net.encoder, "encoder")
    loss = history["held_out_loss"].min()
    return f"codes of size {net.encoder.sizes[-1]}, held-out loss {loss:.5f}"


def write_encoded(stage: Stage, codes: Path, x: Matrix, encoder: Net) -> None:
    """Write codes and encoder."""
    save_matrix(codes / "matrix", map_in_chunks(encoder, x, stage.device))
    save_net(codes, "encoder", encoder)


if __name__ == "__main__":
    main(autoencoder, trains=("autoencoder",))
