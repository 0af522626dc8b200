"""Train a stacked denoising autoencoder and write the codes."""

from pathlib import Path

from spectralnet.artifacts import load_matrix
from spectralnet.config.limits import check_sizes
from spectralnet.methods.dec.stacked import train_stacked
from stages.autoencoder import write_codes
from stages.common import Stage, main


def stacked(stage: Stage, features: Path, codes: Path) -> str:
    """Pretrain an autoencoder layer by layer, fine-tune it, and write its codes."""
    x = load_matrix(features / "matrix")
    check_sizes(x.shape[0], stage.settings)
    net, history = train_stacked(
        x,
        stage.params.block("stacked"),
        seed=stage.params.seed,
        device=stage.device,
        checkpoint=stage.checkpoint(features / "matrix"),
    )
    return write_codes(stage, codes, x, net, history)


if __name__ == "__main__":
    main(stacked, method="stacked", trains=("stacked",))
