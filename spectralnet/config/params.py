"""The parameters as a whole."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from spectralnet.codes.spaces import SPACES
from spectralnet.config.settings import Settings
from spectralnet.data.sets.catalogue import SOURCES
from spectralnet.methods.catalogue import BLOCKS, blocks_of
from spectralnet.methods.learned import GIVEN, LEARNED, PLAIN
from spectralnet.nets.devices import DEVICES
from spectralnet.parameters import Block, Count, Fraction, one_of
from spectralnet.spectral.samplers import SAMPLERS

# What ``params.yaml`` names where nothing is given, since DVC looks for it: no pairs, no model.
NO_PAIRS = {Path("data/must_link.csv"), Path("data/cannot_link.csv")}
NO_MODEL = Path("data/no_model")


class Params(Block):
    """What stands on top of ``params.yaml``.

    `spectralnet.config.reading.params_of` adds a field for each data set, and for each method
    that has parameters.
    """

    dataset: str
    space: Annotated[str, one_of(SPACES)]
    affinity: Annotated[str, one_of([*LEARNED, PLAIN, GIVEN])]
    fit_on: Literal["all", "train"]
    augment: Literal["none", "affine"]
    labelled: Fraction
    limit: Count | None
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    device: Annotated[str, Field(pattern=DEVICES)]
    processes: Annotated[Count, Field(le=1024)] = 1
    exact: Literal["auto", "always", "never"] = "auto"

    @model_validator(mode="after")
    def _the_data_set_has_a_block(self) -> "Params":
        for name in ("own", self.dataset):  # DVC looks for own.path whatever the data set
            if name not in self.datasets:
                raise ValueError(
                    f"dataset = {name} has no block: choose one of {', '.join(self.datasets)}, "
                    "or add one"
                )
        return self

    @model_validator(mode="after")
    def _augmented_images_are_read(self) -> "Params":
        if self.augment != "none" and self.affinity not in LEARNED:
            raise ValueError(
                f"augment = {self.augment} changes the images that the Siamese net reads: set "
                "affinity: siamese, or augment: none"
            )
        blind = self.affinity == "siamese" and not self.settings.siamese.channels
        if self.augment != "none" and blind:
            raise ValueError(
                f"augment = {self.augment} changes images, of which the Siamese net sees none with "
                f"{self.dataset}.siamese.channels = []: set some, or augment: none"
            )
        return self

    @model_validator(mode="after")
    def _the_graph_is_read(self) -> "Params":
        """Refuse what a sampler that makes its own affinities would not see."""
        if SAMPLERS[self.settings.spectralnet.sampler].reads_graph:
            return self
        sampler = f"{self.dataset}.spectralnet.sampler = {self.settings.spectralnet.sampler}"
        if self.graph_is_given:
            raise ValueError(
                f"{sampler} makes affinities of its own: with affinity: {GIVEN}, set it to edges"
            )
        if self.labelled > 0:
            raise ValueError(
                f"labelled = {self.labelled} puts labels into the graph, but {sampler} makes "
                "affinities of its own: set it to edges"
            )
        return self

    @model_validator(mode="after")
    def _a_given_graph_is_of_all_points(self) -> "Params":
        if not self.graph_is_given:
            return self
        wanted = {"dataset": "own", "fit_on": "all", "limit": None, "labelled": 0.0}
        for name, value in wanted.items():
            if getattr(self, name) != value:
                raise ValueError(
                    f"affinity = {GIVEN} reads own.precomputed, a row for each sample of "
                    f"own.path: set {name}: {'null' if value is None else value}"
                )
        return self

    @model_validator(mode="after")
    def _changes_of_files_are_noticed(self) -> "Params":
        if self.dataset == "own" or self.source != "own":
            return self
        if "precomputed" in self.settings.model_fields_set:
            raise ValueError(f"{self.dataset}.precomputed: a graph is read of own alone")
        watched = Path(self.datasets["own"].path)
        for name in ("path", "must_link", "cannot_link", "warm_start"):
            path = Path(getattr(self.settings, name) or watched)
            # Without `resolve`, which would follow links out of the folder.
            if ".." in path.parts or not path.absolute().is_relative_to(watched.absolute()):
                raise ValueError(
                    f"{self.dataset}.{name} = {path} has to lie in own.path = {watched}, where DVC "
                    "looks for changes: put it there, link it if it is a file, or use dataset: own"
                )
        return self

    @property
    def graph_is_given(self) -> bool:
        """Whether the user gives the affinity graph."""
        return self.affinity == GIVEN

    @property
    def pairs_are_given(self) -> bool:
        """Whether the user names a file of pairs; those of ``params.yaml`` hold none."""
        given = (getattr(self.settings, name, None) for name in ("must_link", "cannot_link"))
        return not {Path(path) for path in given if path} <= NO_PAIRS

    @property
    def starts_warm(self) -> bool:
        """Whether the user names a former model; the folder of ``params.yaml`` holds none."""
        folder = getattr(self.settings, "warm_start", None)
        return folder is not None and Path(folder) != NO_MODEL

    @property
    def source(self) -> str:
        """One of `SOURCES`: where the chosen data set is from."""
        return source_of(self.dataset, self.settings.model_dump())

    @property
    def datasets(self) -> dict[str, Any]:
        """The blocks of all data sets, by their names in the file."""
        fields = type(self).model_fields
        blocks = {field.alias or name: getattr(self, name) for name, field in fields.items()}
        return {name: block for name, block in blocks.items() if isinstance(block, Settings)}

    @property
    def settings(self) -> Any:
        """The block of the chosen data set: its `Settings`, and the options of its source."""
        return self.datasets[self.dataset]

    def block(self, method: str) -> Any:
        """Return the block of a method beside SpectralNet, or None if it has no parameters."""
        return getattr(self, method) if method in BLOCKS else None

    def fill(self, path: str | Path) -> Path:
        """Fill in what a path names in braces, as in ``artifacts/{dataset}/{space}``.

        So no parameter has to stand in a command, where a shell would read it.
        """
        return Path(str(path).format_map(dict(self) | self.datasets))

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
            "pairs": ours and self.pairs_are_given,
            "warm": self.starts_warm,
            "limited": self.limit is not None,
        }
        return "-".join(name for name, applies in parts.items() if applies)

    def flat(self, method: str = "spectralnet") -> dict[str, Any]:
        """Every parameter of this configuration, by dotted name, other data sets left out.

        What belongs to other methods is left out; one beside SpectralNet is named `method`.
        """
        top = self.model_dump(include=set(Params.model_fields))
        blocks = self.model_dump(include=blocks_of(method))
        name = {} if method == "spectralnet" else {"method": method}
        return top | _flatten(self.settings.model_dump()) | _flatten(blocks) | name


def source_of(name: str, block: dict[str, Any]) -> str:
    """Return the source of a data set's block: what it says, its name, or the user's own."""
    return block.get("source") or (name if name in SOURCES else "own")


def _flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
