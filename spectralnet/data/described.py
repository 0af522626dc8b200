"""What the description of a preparation, a file of a saved model, may hold."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from spectralnet.parameters import LONGEST_SIDE, Block, Count, Positive


def _not_zero(value: float) -> float:
    if value == 0:
        raise ValueError("nothing is divided by 0")
    return value


class ColumnsBlock(Block):
    """The arguments of `spectralnet.data.preparation.Columns`."""

    n_columns: Count
    keep: list[Annotated[int, Field(ge=0)]] | None = None
    shift: list[float] | None = None
    scale: list[Annotated[float, AfterValidator(_not_zero)]] | None = None
    directions: bool = False
    names: list[str] | None = None
    reach: Positive | None = None
    zero_based: bool | None = None

    @model_validator(mode="after")
    def _lengths_fit(self) -> "ColumnsBlock":
        n_features = self.n_columns if self.keep is None else len(self.keep)
        if self.keep is not None and not all(column < self.n_columns for column in self.keep):
            raise ValueError(f"columns are kept that {self.n_columns} columns have not")
        wanted = {"shift": n_features, "scale": n_features, "names": self.n_columns}
        for name, length in wanted.items():
            if (given := getattr(self, name)) is not None and len(given) != length:
                raise ValueError(f"{length} of {name} are needed, but {len(given)} are there")
        return self


class PixelsBlock(Block):
    """The arguments of `spectralnet.data.pixels.Pixels`."""

    image_shape: Annotated[
        list[Annotated[int, Field(ge=1, le=LONGEST_SIDE)]], Field(min_length=2, max_length=2)
    ]
    maximum: Annotated[float, Field(ge=1e-30, le=1e30)]


class TfidfBlock(Block):
    """The arguments of `spectralnet.data.texts.Tfidf`."""

    vocabulary: Annotated[list[str], Field(min_length=1)]
    idf: list[float]
    terms: Literal["stems", "letters"] = "stems"

    @model_validator(mode="after")
    def _each_term_has_a_weight(self) -> "TfidfBlock":
        if len(self.idf) != len(self.vocabulary):
            raise ValueError(f"{len(self.vocabulary)} terms, but {len(self.idf)} weights")
        if len(set(self.vocabulary)) != len(self.vocabulary):
            raise ValueError("a term is there twice")
        return self


BLOCKS: dict[Any, type[Block]] = {
    "columns": ColumnsBlock,
    "pixels": PixelsBlock,
    "tfidf": TfidfBlock,
}
