"""Train a stacked denoising autoencoder and write the codes."""

from pathlib import Path

from spectralnet.artifacts import load_matrix, save_matrix, save_net, save_table
from spectralnet.nets import map_in_chunks
from spectralnet.stacked import train_stacked
from spectralnet.validation import check_sizes
from stages.common import Stage, main


def stacked(stage: Stage, features: Path, codes: Path) -> str:
    """Pretrain an autoencoder layer by layer, fine-tune it, and write its codes."""
    x = load_matrix(features / "matrix")
    check_sizes(x.shape[0], stage.settings)
    net, history = train_stacked(
        x,
        stage.params.stacked,
        seed=stage.params.seed,
        device=stage.device,
        checkpoint=stage.checkpoint(features / "matrix"),
    )
    save_matrix(codes / "matrix", map_in_chunks(net.encoder, x, stage.device))
    save_net(codes, "encoder", net.encoder)
    save_table(codes / "history.csv", history)
    stage.run.log_curve(history)
    loss = history["held_out_loss"].min()
    return f"codes of size {net.encoder.sizes[-1]}, held-out loss {loss:.5f}"


if __name__ == "__main__":
    main(stacked, method="stacked")
