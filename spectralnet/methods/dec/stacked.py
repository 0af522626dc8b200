"""Greedy layerwise pretraining: a stack of denoising autoencoders (Xie et al. 2016, 3.2)."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from spectralnet.codes.autoencoder import Autoencoder, AutoencoderParams, train_autoencoder
from spectralnet.matrices import Matrix, Points
from spectralnet.nets.batches import n_batches, shuffled_batches, split_points
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.devices import half_precision, seeded
from spectralnet.nets.distributed import averaged, share
from spectralnet.nets.training import BatchSize, TrainingParams, train
from spectralnet.parameters import Count, Fraction, Width, Widths


class StackedParams(TrainingParams):
    """Layerwise pretraining of an autoencoder d-`hidden`-`code_size`, and its fine-tuning.

    `corruption` is the dropout of the `layer_epochs` of each layer; `epochs` fine-tune.
    """

    hidden: Widths = [500, 500, 2000]
    code_size: Width = 10
    layer_epochs: Count = 10
    corruption: Fraction = 0.2
    epochs: Count = 40
    batch_size: BatchSize = 256


class LayerPair(nn.Module):
    """One layer of the encoder and its mirror in the decoder: a denoising autoencoder.

    Parameters
    ----------
    net : Autoencoder
        Whose weights are shared.
    i : int
        Layer of the encoder, 0 being the first. Only the last encodes without ReLU, so that
        codes keep all there is to know, and only the first decodes without, since features
        may be negative.
    """

    def __init__(self, net: Autoencoder, i: int) -> None:
        super().__init__()
        encoder = [layer for layer in net.encoder if isinstance(layer, nn.Linear)]
        decoder = [layer for layer in net.decoder if isinstance(layer, nn.Linear)]
        self.encode, self.decode = encoder[i], decoder[-1 - i]
        self.is_first, self.is_last = i == 0, i == len(encoder) - 1

    def forward(self, x: Tensor, kept: Tensor | None = None) -> Tensor:
        """Reconstruct x, shape (m, d), from its codes times `kept`, shape (m, k)."""
        codes = self.encode(x)  # (m, k)
        codes = codes if self.is_last else codes.relu()
        reconstructed = self.decode(codes if kept is None else codes * kept)  # (m, d)
        return reconstructed if self.is_first else reconstructed.relu()


def train_stacked(
    features: Matrix,
    params: StackedParams,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
) -> tuple[Autoencoder, pd.DataFrame]:
    """Train an autoencoder layer by layer under dropout, then as a whole without.

    Parameters
    ----------
    features : ndarray or csr_array of shape (n, d)
        float32.
    params : StackedParams
    seed : int
    device : torch.device
    checkpoint : Checkpoint, optional

    Returns
    -------
    autoencoder : Autoencoder
    history : DataFrame
        See `spectralnet.nets.training.train`; of the fine-tuning, mean squared errors.

    Raises
    ------
    TrainingError
        If the training diverges; see `spectralnet.nets.training.train`.

    References
    ----------
    Xie et al., Unsupervised deep embedding for clustering analysis, ICML 2016, section 3.2;
    Vincent et al., Stacked denoising autoencoders, JMLR 2010.
    """
    with seeded(seed):
        net = Autoencoder(features.shape[1], params.hidden, params.code_size).to(device)
    for i in range(len(params.hidden) + 1):
        part = checkpoint.part(f"layer{i}") if checkpoint else None
        _pretrain_layer(net, i, features, params, seed, device, part)
    return train_autoencoder(
        features, _fine_tuning(params), seed=seed, device=device, checkpoint=checkpoint, initial=net
    )


def _pretrain_layer(
    net: Autoencoder,
    i: int,
    features: Matrix,
    params: StackedParams,
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None,
) -> None:
    """Train the i-th pair of layers to reconstruct what the layers below it put out."""
    below = nn.Sequential(*list(net.encoder)[: 2 * i])  # each layer is a Linear and a ReLU
    pair = LayerPair(net, i)
    x = Points(features, device)
    fitted, unseen = split_points(len(x), params.held_out, seed)

    def inputs(rows: Tensor) -> Tensor:
        with torch.no_grad(), half_precision(device):
            return below(x[rows]).float()

    def batches(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for rows in shuffled_batches(fitted, params.batch_size, generator):
            clean = inputs(share(rows))  # (m, d)
            sizes = (clean.shape[1], pair.encode.out_features)
            kept, kept_codes = (
                share(_kept((len(rows), size), params.corruption, generator)).to(device)
                for size in sizes
            )
            yield clean * kept, clean, kept_codes

    def loss(batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        noisy, clean, kept = batch
        with half_precision(device):
            reconstructed = pair(noisy, kept)
        return averaged(nn.functional.mse_loss(reconstructed.float(), clean), len(clean))

    def held_out_loss() -> float:
        total = 0.0
        for rows in unseen.split(4096):
            clean = inputs(rows)
            total += float(((pair(clean) - clean) ** 2).mean(dim=1).sum())
        return total / len(unseen)

    train(
        pair,
        _layer_training(params),
        batches=batches,
        n_batches=n_batches(len(fitted), params.batch_size),
        loss=loss,
        held_out_loss=held_out_loss,
        seed=seed + i,
        name=f"layer {i + 1}",
        checkpoint=checkpoint,
    )


def _layer_training(params: StackedParams) -> TrainingParams:
    return TrainingParams(**_training(params) | {"epochs": params.layer_epochs})


def _fine_tuning(params: StackedParams) -> AutoencoderParams:
    """Say how the whole is trained: without dropout."""
    shape = {"hidden": params.hidden, "code_size": params.code_size, "corruption": 0.0}
    return AutoencoderParams(**_training(params) | shape)


def _training(params: StackedParams) -> dict[str, Any]:
    return params.model_dump(include=set(TrainingParams.model_fields))


def _kept(shape: tuple[int, ...], corruption: float, generator: torch.Generator) -> Tensor:
    """Draw what dropout multiplies by: 0, or what makes up for the zeros on average."""
    return (torch.rand(shape, generator=generator) >= corruption) / (1 - corruption)
