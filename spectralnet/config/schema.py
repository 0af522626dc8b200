"""The parameter file as a whole."""

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from spectralnet.errors import ParameterError
from spectralnet.graph.affinity import GraphParams
from spectralnet.methods.dec.training import DECParams
from spectralnet.methods.dual_autoencoder.net import DualAutoencoderParams
from spectralnet.nets.augmentation import AffineParams
from spectralnet.nets.autoencoder import AutoencoderParams
from spectralnet.nets.siamese import SiameseParams
from spectralnet.nets.stacked import StackedParams
from spectralnet.parameters import Block, Count, Fraction
from spectralnet.spectral.training import SpectralNetParams, candidate_components

Model = TypeVar("Model", bound=BaseModel)


class Settings(Block):
    """One data set's block of parameters.

    Without `spectralnet.n_components` the net learns `candidate_components`.
    """

    n_clusters: Count
    affine: AffineParams
    autoencoder: AutoencoderParams
    graph: GraphParams
    siamese: SiameseParams
    spectralnet: SpectralNetParams

    @model_validator(mode="before")
    @classmethod
    def _components_follow_clusters(cls, raw: Any) -> Any:
        match raw:
            case {"n_clusters": int(n_clusters), "spectralnet": {"n_components": None} as block}:
                n_components = candidate_components(n_clusters)
                return raw | {"spectralnet": block | {"n_components": n_components}}
        return raw

    @model_validator(mode="after")
    def _components_tell_clusters_apart(self) -> "Settings":
        if self.spectralnet.n_components == 1 < self.n_clusters:
            raise ValueError(
                f"spectralnet.n_components = 1, the constant eigenvector, cannot tell "
                f"n_clusters = {self.n_clusters} apart: at least 2 are needed"
            )
        return self


class ReutersSettings(Settings):
    """Reuters-21578: the `topics` largest topics, by the `n_terms` most frequent stems."""

    topics: Annotated[int, Field(ge=2)]
    n_terms: Count


class Rcv1Settings(Settings):
    """RCV1: the `n_terms` terms that most documents hold."""

    n_terms: Count


class OwnSettings(Settings):
    """A user's own file or folder; see `spectralnet.data.sets.own.read_own`.

    `scaling` is of numbers, `image_shape` of images, `n_terms` of texts;
    `precomputed` is the graph of ``affinity: precomputed``.
    """

    path: Annotated[str, Field(min_length=1)]
    labels: str | None
    text: str | None
    scaling: Literal["none", "standard", "range", "directions"]
    image_shape: Annotated[list[Count], Field(min_length=2, max_length=2)] | None
    n_terms: Count
    precomputed: Annotated[str, Field(min_length=1)]


class DECStageParams(DECParams):
    """DEC in the pipeline: its own stacked autoencoder, or that of the code space."""

    codes: Literal["stacked", "code"]


class Params(Block):
    """The whole of ``params.yaml``."""

    dataset: Literal["mnist5k", "digits", "mnist", "fashion-mnist", "reuters", "rcv1", "own"]
    space: Literal["code", "input"]
    affinity: Literal["siamese", "euclidean", "precomputed"]
    fit_on: Literal["all", "train"]
    augment: Literal["none", "affine"]
    labelled: Fraction
    limit: Count | None
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    device: Literal["auto", "cpu", "cuda"]
    stacked: StackedParams
    dec: DECStageParams
    dual_autoencoder: DualAutoencoderParams
    mnist5k: Settings
    digits: Settings
    mnist: Settings
    fashion_mnist: Settings = Field(alias="fashion-mnist")
    reuters: ReutersSettings
    rcv1: Rcv1Settings
    own: OwnSettings

    @model_validator(mode="after")
    def _augmented_images_are_read(self) -> "Params":
        if self.augment != "none" and self.affinity != "siamese":
            raise ValueError(
                f"augment = {self.augment} changes the images that the Siamese net reads: set "
                "affinity: siamese, or augment: none"
            )
        if self.augment != "none" and not self.settings.siamese.channels:
            raise ValueError(
                f"augment = {self.augment} changes images, of which the Siamese net sees none with "
                f"{self.dataset}.siamese.channels = []: set some, or augment: none"
            )
        return self

    @model_validator(mode="after")
    def _a_given_graph_is_of_all_points(self) -> "Params":
        if self.affinity != "precomputed":
            return self
        wanted = {"dataset": "own", "fit_on": "all", "limit": None, "labelled": 0.0}
        for name, value in wanted.items():
            if getattr(self, name) != value:
                raise ValueError(
                    "affinity = precomputed reads own.precomputed, a row for each sample of "
                    f"own.path: set {name}: {'null' if value is None else value}"
                )
        if self.own.spectralnet.sampler == "batch":
            raise ValueError(
                "own.spectralnet.sampler = batch makes affinities of its own: with affinity: "
                "precomputed, set it to edges"
            )
        return self

    @model_validator(mode="after")
    def _labels_are_in_the_graph(self) -> "Params":
        if self.labelled > 0 and self.settings.spectralnet.sampler == "batch":
            raise ValueError(
                f"labelled = {self.labelled} puts labels into the graph, but "
                f"{self.dataset}.spectralnet.sampler = batch makes affinities of its own: set it "
                "to edges"
            )
        return self

    @property
    def settings(self) -> Settings:
        """The block of the chosen data set."""
        return getattr(self, self.dataset.replace("-", "_"))

    def variant(self, method: str = "spectralnet") -> str:
        """Say what tells this configuration from others of its data set, whatever their seed.

        Space, affinity, augmentation and labels are SpectralNet's alone.
        """
        ours = method == "spectralnet"
        parts = {
            self.space: ours,
            self.affinity: ours,
            self.augment: ours and self.augment != "none",
            "all": self.fit_on == "all" and not ours,
            "train": self.fit_on == "train",
            "labelled": ours and self.labelled > 0,
            "limited": self.limit is not None,
        }
        return "-".join(name for name, applies in parts.items() if applies)

    def flat(self, method: str = "spectralnet") -> dict[str, Any]:
        """Every parameter of this configuration, by dotted name, other data sets left out.

        What belongs to other methods is left out; one beside SpectralNet is named `method`.
        """
        top = self.model_dump(exclude=_DATA_SET_FIELDS | METHOD_BLOCKS)
        blocks = self.model_dump(include=_BLOCKS_OF.get(method, set()))
        name = {} if method == "spectralnet" else {"method": method}
        return top | _flatten(self.settings.model_dump()) | _flatten(blocks) | name


_DATA_SET_FIELDS = {
    name
    for name, field in Params.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Settings)
}

METHOD_BLOCKS = {"stacked", "dec", "dual_autoencoder"}
_BLOCKS_OF = {
    "stacked": {"stacked"},
    "stacked_kmeans": {"stacked"},
    "dec": {"stacked", "dec"},
    "dual_autoencoder": {"dual_autoencoder"},
}


def read_params(path: str | Path = "params.yaml") -> Params:
    """Read and validate a parameter file.

    Parameters
    ----------
    path : str or Path, default="params.yaml"
        A YAML file with the fields of `Params`.

    Returns
    -------
    Params

    Raises
    ------
    ParameterError
        If a parameter is missing, unknown, or of a value that it cannot have; every
        one of them is named.
    """
    return validate(Params, read_raw(path), path)


def read_raw(path: str | Path = "params.yaml") -> Any:
    """Read a parameter file without validating it; a `ParameterError` if it is no YAML."""
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ParameterError(f"{path} is missing: run from the root of the checkout") from error
    except yaml.YAMLError as error:
        raise ParameterError(f"{path} is no YAML: {error}") from error


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
        lines.append(f"  {name}{given}: {problem['msg']}")
    return "\n".join([f"{source} cannot be used:", *lines])


def _flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
