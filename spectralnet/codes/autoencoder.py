"""The autoencoder, whose codes are the code space."""

from collections.abc import Iterator

import pandas as pd
import torch
from torch import Tensor, nn

from spectralnet.matrices import Matrix, Points
from spectralnet.nets.batches import n_batches, shuffled_batches, split_points
from spectralnet.nets.blocks import MLP
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.devices import half_precision, map_in_chunks, seeded
from spectralnet.nets.distributed import averaged, share
from spectralnet.nets.training import BatchSize, TrainingParams, train
from spectralnet.parameters import Count, Fraction, Width, Widths


class AutoencoderParams(TrainingParams):
    """The autoencoder d-`hidden`-`code_size` and its mirror image."""

    hidden: Widths = [500, 500, 2000]
    code_size: Width = 10
    corruption: Fraction = 0.0
    epochs: Count = 40
    batch_size: BatchSize = 256


class Autoencoder(nn.Module):
    """A multilayer perceptron to codes and its mirror image back, both with linear outputs.

    Parameters
    ----------
    n_features : int
    hidden : list of int
        Widths between features and codes; 500, 500, 2000 in the papers.
    code_size : int
        10 in the papers.

    References
    ----------
    Xie et al., DEC, ICML 2016, section 4.3; Shaham et al., SpectralNet, ICLR 2018.
    """

    def __init__(self, n_features: int, hidden: list[int], code_size: int) -> None:
        super().__init__()
        sizes = [n_features, *hidden, code_size]
        self.encoder = MLP(sizes)
        self.decoder = MLP(sizes[::-1])

    def forward(self, x: Tensor) -> Tensor:
        """Reconstruct x, shape (m, d)."""
        return self.decoder(self.encoder(x))


def train_autoencoder(
    features: Matrix,
    params: AutoencoderParams,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
    initial: Autoencoder | None = None,
) -> tuple[Autoencoder, pd.DataFrame]:
    """Train an autoencoder to reconstruct features, from random weights unless `initial` is given.

    Parameters
    ----------
    features : ndarray or csr_array of shape (n, d)
        float32; a sparse matrix becomes dense one minibatch at a time.
    params : AutoencoderParams
        With `corruption` above 0 that part of the inputs, drawn anew for each minibatch,
        is set to 0 while the target stays whole: a denoising autoencoder.
    seed : int
    device : torch.device
    checkpoint : Checkpoint, optional
    initial : Autoencoder, optional
        To be trained further, in place of one with random weights.

    Returns
    -------
    autoencoder : Autoencoder
    history : DataFrame
        See `spectralnet.nets.training.train`; losses are mean squared errors, the held-out one
        without corruption.

    Raises
    ------
    TrainingError
        If the training diverges; see `spectralnet.nets.training.train`.
    """
    with seeded(seed):
        net = initial or Autoencoder(features.shape[1], params.hidden, params.code_size)
    net = net.to(device)
    x = Points(features, device)
    fitted, unseen = split_points(len(x), params.held_out, seed)
    x_unseen = features[unseen.numpy()]

    def batches(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        for rows in shuffled_batches(fitted, params.batch_size, generator):
            clean = x[rows]  # (m, d)
            noisy = _corrupt(clean, params.corruption, generator)
            yield share(noisy), share(clean)

    def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
        noisy, clean = batch
        with half_precision(device):
            reconstructed = net(noisy)
        return averaged(nn.functional.mse_loss(reconstructed.float(), clean), len(clean))

    def held_out_loss() -> float:
        return float(map_in_chunks(_SquaredError(net), x_unseen, device).mean())

    history = train(
        net,
        params,
        batches=batches,
        n_batches=n_batches(len(fitted), params.batch_size),
        loss=loss,
        held_out_loss=held_out_loss,
        seed=seed,
        name="autoencoder",
        checkpoint=checkpoint,
    )
    return net, history


class _SquaredError(nn.Module):
    """A net's mean squared error on each row: (m, d) to (m,)."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        return ((self.net(x) - x) ** 2).mean(dim=1)


def _corrupt(x: Tensor, corruption: float, generator: torch.Generator) -> Tensor:
    if corruption == 0:
        return x
    return x * (torch.rand(x.shape, generator=generator) >= corruption).to(x.device)
