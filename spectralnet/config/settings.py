"""The settings of a data set: what its block in ``params.yaml`` says, or else the defaults."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ValidationError, model_validator

from spectralnet.codes.autoencoder import AutoencoderParams
from spectralnet.errors import ParameterError
from spectralnet.graph.affinity import GraphParams
from spectralnet.membership.n_clusters import FEWEST, MOST, told_numbers
from spectralnet.membership.part import Noise, check_noise
from spectralnet.metric.augmentation import AffineParams
from spectralnet.metric.siamese import SiameseParams
from spectralnet.parameters import Block
from spectralnet.spectral.training import SpectralNetParams, candidate_components

Model = TypeVar("Model", bound=BaseModel)
MOST_CLUSTERS = 10**5

# What differs with ``nets: small``; all other defaults stand beside the code that they are of.
SMALL: dict[str, dict[str, Any]] = {
    "autoencoder": {"hidden": [256, 128], "epochs": 60, "batch_size": 64},
    "siamese": {
        "channels": [16, 32],
        "hidden": [64, 64],
        "epochs": 10,
        "steps_per_epoch": 20,
        "batch_size": 128,
    },
}


def _n_clusters(value: Any) -> Any:
    if isinstance(value, str) and value == "auto":
        return value
    with suppress(ParameterError):
        numbers = told_numbers(value)
        if _highest(numbers) <= MOST_CLUSTERS:
            return numbers
    raise ValueError(
        f"a whole number from 1 to {MOST_CLUSTERS:,} is needed, or auto, or the lowest and the "
        f"highest to choose among, from {FEWEST} on, such as [2, 6]"
    )


def _noise(value: Any) -> Any:
    try:  # PyYAML reads 1e-05 as a string
        value = float(value) if isinstance(value, str) and value != "auto" else value
        check_noise(value)
    except ValueError as error:
        raise ValueError("null, auto, or a part of the points in (0, 1) is needed") from error
    return value


class Settings(Block):
    """One data set's block of parameters; what is null or missing has its default.

    Without `spectralnet.n_components` the net learns `candidate_components`.
    """

    n_clusters: Annotated[int | Literal["auto"] | list[int], BeforeValidator(_n_clusters)]
    noise: Annotated[Noise, BeforeValidator(_noise)] = None
    nets: Literal["small", "large"] = "large"
    affine: AffineParams = AffineParams()
    autoencoder: AutoencoderParams = AutoencoderParams()
    graph: GraphParams = GraphParams()
    siamese: SiameseParams = SiameseParams()
    spectralnet: SpectralNetParams

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, raw: Any) -> Any:
        if not isinstance(raw, dict):
            return raw
        raw = without_nulls(raw, cls)
        for part, values in SMALL.items() if raw.get("nets") == "small" else ():
            if isinstance(said := raw.get(part, {}), dict):
                raw[part] = values | said
        usual = candidate_components(_highest(raw.get("n_clusters")))
        if isinstance(said := raw.get("spectralnet", {}), dict):
            raw["spectralnet"] = {"n_components": usual} | said
        return raw

    @model_validator(mode="after")
    def _components_tell_clusters_apart(self) -> "Settings":
        if self.spectralnet.n_components == 1 < self.needed_clusters:
            raise ValueError(
                f"spectralnet.n_components = 1, the constant eigenvector, cannot tell "
                f"n_clusters = {self.n_clusters} apart: at least 2 are needed"
            )
        return self

    @property
    def needed_clusters(self) -> int:
        """So many have to fit: the number, or the highest of a range; auto takes what there is."""
        return FEWEST if self.n_clusters == "auto" else self.most_clusters

    @property
    def most_clusters(self) -> int:
        """The number of clusters, or the highest that may be chosen."""
        return _highest(self.n_clusters)


def _highest(n_clusters: Any) -> int:
    """Return the highest number that may be chosen; 1 of what is to be refused."""
    if n_clusters == "auto":
        return MOST
    numbers = n_clusters if isinstance(n_clusters, list | tuple) else [n_clusters]
    return max((n for n in numbers if isinstance(n, int)), default=1)


def without_nulls(raw: dict[str, Any], block: type[BaseModel]) -> dict[str, Any]:
    """Leave out the parameters of a block that are null: they have their defaults."""
    said = {}
    for name, value in raw.items():
        field = block.model_fields.get(name)
        part = None if field is None else field.annotation
        if isinstance(value, dict) and isinstance(part, type) and issubclass(part, BaseModel):
            said[name] = without_nulls(value, part)
        elif value is not None or field is None:  # an unknown name is to be refused
            said[name] = value
    return said


def validate(block: type[Model], raw: Any, source: str | Path) -> Model:
    """Validate raw parameters; a `ParameterError` names each one of `source` that is wrong."""
    try:
        return block.model_validate(raw)
    except ValidationError as error:
        raise ParameterError(_explain(error, source)) from error


def _explain(error: ValidationError, source: str | Path) -> str:
    lines = []
    for problem in error.errors():
        name = ".".join(str(part) for part in problem["loc"]) or "the file"
        given = "" if problem["type"] == "missing" else f" = {problem['input']!r}"
        if isinstance(problem["input"], dict):
            given = ""
        if problem["type"] == "extra_forbidden":
            problem["msg"] = "there is no parameter of that name"
        lines.append(f"  {name}{given}: {problem['msg'].removeprefix('Value error, ')}")
    return "\n".join([f"{source} cannot be used:", *lines])
