"""The dual autoencoder: codes that noise does not disturb and that tell points apart."""

from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

import pandas as pd
import torch
from pydantic import Field
from torch import Tensor, nn

from spectralnet.matrices import Matrix, Points
from spectralnet.methods.dual_autoencoder.information import Discriminator
from spectralnet.nets.batches import n_batches, shuffled_batches, split_points
from spectralnet.nets.blocks import MLP, ConvNet, conv_decoder, map_shapes
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.devices import half_precision, seeded
from spectralnet.nets.distributed import averaged, share
from spectralnet.nets.net import Net
from spectralnet.nets.training import BatchSize, TrainingParams, mean_loss, train
from spectralnet.parameters import Count, NotNegative, Width, Widths

LARGEST_LOG_VARIANCE = 20.0
INITIAL_LOG_VARIANCE = -4.0


class JointParams(TrainingParams):
    """The fine-tuning of the dual autoencoder together with the spectral map."""

    spectral: NotNegative = 200.0
    epochs: Count = 12
    steps_per_epoch: Count = 60
    batch_size: BatchSize = 128


class DualAutoencoderParams(TrainingParams):
    """The dual autoencoder, its losses, and the joint fine-tuning.

    On images the encoder is convolutions of `channels`, on other rows a perceptron of `hidden`
    layers. The losses of one point are sums over its features and codes; `relative`, `prior`,
    `global_information`, `local_information` and `joint.spectral` weigh them against the
    squared error of the reconstruction.
    """

    channels: Annotated[Widths, Field(min_length=1)] = [16, 32, 64]
    hidden: Widths = [500, 500, 2000]
    code_size: Width = 120
    noise: NotNegative = 0.3
    relative: NotNegative = 0.5
    prior: NotNegative = 0.3
    global_information: NotNegative = 10.0
    local_information: NotNegative = 10.0
    epochs: Count = 30
    batch_size: BatchSize = 128
    joint: JointParams = JointParams()


class Encoded(NamedTuple):
    """What the encoder makes of m points."""

    maps: Tensor  # (m, d) or (m, channels, height, width), what the codes are computed from
    mean: Tensor  # (m, code_size), the code
    log_variance: Tensor  # (m, code_size)


class DualAutoencoderNet(nn.Module):
    """Encoder to Gaussian codes, decoder, and the discriminators of the mutual information.

    Parameters
    ----------
    n_features : int
    image_shape : (int, int) or None
        Height and width, if the features are images.
    params : DualAutoencoderParams

    Attributes
    ----------
    encoder : Net
        To the means of the codes: what is used after training.

    References
    ----------
    Yang et al., Dual Autoencoder Network, CVPR 2019, section 3.1.
    """

    def __init__(
        self, n_features: int, image_shape: Sequence[int] | None, params: DualAutoencoderParams
    ) -> None:
        super().__init__()
        self.params = params
        code_size = params.code_size
        sizes = [n_features, *params.hidden, code_size]
        if image_shape is None:
            self.encoder: Net = MLP(sizes)
            self.decoder: nn.Module = MLP(sizes[::-1])
            channels = n_flat = sizes[-2]
        else:
            self.encoder = ConvNet(image_shape, params.channels, [code_size])
            self.decoder = conv_decoder(image_shape, params.channels, code_size)
            height, width = map_shapes(image_shape, params.channels)[-1]
            channels, n_flat = params.channels[-1], height * width * params.channels[-1]
        self.log_variance = nn.Linear(n_flat, code_size)
        nn.init.zeros_(self.log_variance.weight)
        # Codes start small: with the prior's variance, noise would drown them, and they stay so.
        nn.init.constant_(self.log_variance.bias, INITIAL_LOG_VARIANCE)
        self.of_point = Discriminator(n_flat, code_size)
        self.of_position = None if image_shape is None else Discriminator(channels, code_size)

    def encode(self, x: Tensor) -> Encoded:
        """Encode x, shape (m, d)."""
        maps = x
        for layer in [layer for layer in self.encoder if not isinstance(layer, nn.Flatten)][:-1]:
            maps = layer(maps)
        flat = maps.flatten(1)
        log_variance = self.log_variance(flat).float()  # of an outlier its exponential overflows
        log_variance = log_variance.clamp(-LARGEST_LOG_VARIANCE, LARGEST_LOG_VARIANCE)
        return Encoded(maps, self.encoder[-1](flat).float(), log_variance)

    def losses(
        self, x: Tensor, encoded: Encoded, noise: Tensor, centres: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Compute every loss, each the mean over m points.

        Parameters
        ----------
        x : Tensor of shape (m, d)
        encoded : Encoded
            What `encode` makes of x.
        noise : Tensor of shape (2, m, code_size)
            Standard normal: for the draw of the code z, and for the factor psi on it.
        centres : Tensor of shape (m, code_size), optional
            Means of the priors of the codes; 0 by default.

        Returns
        -------
        dict of str to Tensor
            Scalars: `reconstruction` |x - x^_z|^2; `relative` |x^_z - x^_z~|^2 with
            z~ = z (1 + noise psi); `prior` KL(N(mean, variance) || N(centre, I));
            `global_information` and, for images, `local_information`. Then `total`, their
            weighted sum.
        """
        maps, mean, log_variance = encoded
        z = mean + (log_variance / 2).exp() * noise[0]
        disturbed = z * (1 + self.params.noise * noise[1])
        from_z, from_disturbed = self.decoder(torch.cat([z, disturbed])).float().chunk(2)
        to_prior = mean if centres is None else mean - centres
        divergence = (log_variance.exp() + to_prior**2 - 1 - log_variance).sum(dim=1) / 2
        losses = {
            "reconstruction": ((x - from_z) ** 2).sum(dim=1).mean(),
            "relative": ((from_z - from_disturbed) ** 2).sum(dim=1).mean(),
            "prior": divergence.mean(),
            "global_information": self.of_point.loss(maps.flatten(1)[:, None], z),
        }
        if self.of_position:
            positions = maps.flatten(2).transpose(1, 2)  # (m, height width, channels)
            losses["local_information"] = self.of_position.loss(positions, z)
        weights = {"reconstruction": 1.0} | self.params.model_dump(include=set(losses))
        total = torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()
        return losses | {"total": total}


def train_dual_autoencoder(
    features: Matrix,
    image_shape: Sequence[int] | None,
    params: DualAutoencoderParams,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Checkpoint | None = None,
) -> tuple[DualAutoencoderNet, pd.DataFrame]:
    """Train a dual autoencoder from random weights, without the spectral map.

    Parameters
    ----------
    features : ndarray or csr_array of shape (n, d)
        float32.
    image_shape : (int, int) or None
    params : DualAutoencoderParams
    seed : int
    device : torch.device
    checkpoint : Checkpoint, optional

    Returns
    -------
    net : DualAutoencoderNet
    history : DataFrame
        See `spectralnet.nets.training.train`; losses are `total` of `DualAutoencoderNet.losses`.

    Raises
    ------
    TrainingError
        If the training diverges; see `spectralnet.nets.training.train`.
    """
    with seeded(seed):
        net = DualAutoencoderNet(features.shape[1], image_shape, params).to(device)
    x = Points(features, device)
    fitted, unseen = split_points(len(x), params.held_out, seed)

    def noisy(rows: Tensor, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        for batch in shuffled_batches(rows, params.batch_size, generator):
            noise = draw_noise(len(batch), params, generator)
            yield x[share(batch)], share(noise, dim=1).to(device)

    def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
        points, noise = batch
        with half_precision(device):
            total = net.losses(points, net.encode(points), noise)["total"]
        return averaged(total, len(points))

    def held_out_loss() -> float:
        generator = torch.Generator().manual_seed(seed)  # the same noise at every epoch
        return mean_loss(loss(batch) for batch in noisy(unseen, generator))

    history = train(
        net,
        params,
        batches=lambda generator: noisy(fitted, generator),
        n_batches=n_batches(len(fitted), params.batch_size),
        loss=loss,
        held_out_loss=held_out_loss,
        seed=seed,
        name="dual autoencoder",
        checkpoint=checkpoint,
    )
    return net, history


def draw_noise(m: int, params: DualAutoencoderParams, generator: torch.Generator) -> Tensor:
    """Draw what `DualAutoencoderNet.losses` needs for m points: (2, m, code_size)."""
    return torch.randn(2, m, params.code_size, generator=generator)
