"""The parameters of every part, with the values that each may take."""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def _builtin(value: Any) -> Any:
    """Turn NumPy's integers, which are no `int`, into such."""
    return int(value) if isinstance(value, np.integer) else value


Count = Annotated[int, BeforeValidator(_builtin), Field(ge=1)]
# Not strict, since PyYAML reads the exponent without a dot that DVC writes (1e-05) as a string.
Fraction = Annotated[float, Field(ge=0, lt=1, strict=False)]
Positive = Annotated[float, Field(gt=0, strict=False)]
NotNegative = Annotated[float, Field(ge=0, strict=False)]


class Block(BaseModel):
    """A part of the file: no unknown names, no other types, no infinities."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class TrainingParams(Block):
    """What every trainer needs."""

    epochs: Count
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: Positive
    patience: Count
    held_out: Annotated[float, Field(gt=0, le=0.5, strict=False)]


def n_held_out(n: int, fraction: float) -> int:
    """Return how many of n points no gradient sees: the part `held_out`, but at least one."""
    return max(1, round(fraction * n))


class AutoencoderParams(TrainingParams):
    """The autoencoder d-`hidden`-`code_size` and its mirror image."""

    hidden: list[Count]
    code_size: Count
    corruption: Fraction


class GraphParams(Block):
    """The nearest neighbour graph and its Gaussian weights."""

    n_neighbours: Count
    search: Literal["auto", "exact", "approximate"]
    scale: Literal["local", "global"]
    scale_neighbour: Count
    overlap: NotNegative

    @model_validator(mode="after")
    def _scale_neighbour_is_a_neighbour(self) -> "GraphParams":
        if self.scale_neighbour > self.n_neighbours:
            raise ValueError(
                f"scale_neighbour = {self.scale_neighbour} has to be at most "
                f"n_neighbours = {self.n_neighbours}"
            )
        return self


class AffineParams(Block):
    """The largest changes that `augment: affine` makes to images.

    Degrees, parts of the image's width and height, parts of its size, parts of a height.
    """

    rotation: NotNegative
    shift: Fraction
    scale: Fraction
    shear: Fraction


class SiameseParams(TrainingParams):
    """The Siamese net d-`hidden`-`embedding_size` and its pairs.

    On images it sees these, not their codes: convolutions of `channels` take the place of all
    but the last of the `hidden` layers. Without `channels` it is the paper's, on the features
    of the space.
    """

    channels: list[Count]
    hidden: list[Count]
    embedding_size: Count
    loss: Literal["infonce", "contrastive"]
    temperature: Positive
    margin: Positive
    steps_per_epoch: Count


class SpectralNetParams(TrainingParams):
    """The spectral net d-`hidden`-`n_components` and its minibatches."""

    hidden: list[Count]
    n_components: Count
    sampler: Literal["edges", "batch"]
    steps_per_epoch: Count

    @model_validator(mode="after")
    def _a_batch_spans_the_components(self) -> "SpectralNetParams":
        if self.batch_size < self.n_components:
            raise ValueError(
                f"batch_size = {self.batch_size} has to be at least "
                f"n_components = {self.n_components}"
            )
        return self


class DualAutoencoderParams(TrainingParams):
    """The dual autoencoder, its losses, and the joint fine-tuning.

    On images the encoder is convolutions of `channels`, on other rows a perceptron of `hidden`
    layers. The losses of one point are sums over its features and codes; `relative`, `prior`,
    `global_information`, `local_information` and `joint.spectral` weigh them against the
    squared error of the reconstruction.
    """

    channels: Annotated[list[Count], Field(min_length=1)]
    hidden: list[Count]
    code_size: Count
    noise: NotNegative
    relative: NotNegative
    prior: NotNegative
    global_information: NotNegative
    local_information: NotNegative
    joint: "JointParams"


class JointParams(TrainingParams):
    """The fine-tuning of the dual autoencoder together with the spectral map."""

    steps_per_epoch: Count
    spectral: NotNegative


class StackedParams(TrainingParams):
    """Layerwise pretraining of an autoencoder d-`hidden`-`code_size`, and its fine-tuning.

    `corruption` is the dropout of the `layer_epochs` of each layer; `epochs` fine-tune.
    """

    hidden: list[Count]
    code_size: Count
    layer_epochs: Count
    corruption: Fraction


class DECParams(Block):
    """DEC's clustering phase.

    A target distribution serves `update_interval` passes over the data. The training ends
    once fewer than the part `tol` of the points change cluster, or after `epochs` passes.
    """

    epochs: Count
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: Positive
    update_interval: Positive
    tol: Fraction
