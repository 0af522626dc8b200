"""Whether an estimator's options go together: checked before any training."""

from collections.abc import Sequence

import numpy as np

from spectralnet.checks import image_size
from spectralnet.codes.spaces import CODE, HOG, LSA, SPACES, choose_space
from spectralnet.errors import DataError, ParameterError
from spectralnet.matrices import Matrix, empty_rows
from spectralnet.membership.part import Noise
from spectralnet.methods.learned import GIVEN, LEARNED, PLAIN
from spectralnet.spectral.samplers import SAMPLERS

EUCLIDEAN, COSINE = "euclidean", "cosine"


def check_options(
    space: str, affinity: str, image_shape: Sequence[int] | None, noise: Noise, x: Matrix
) -> None:
    """Refuse a space or an affinity that is unknown, or that the others do not allow."""
    for name, value, allowed in (
        ("space", space, SPACES),
        ("affinity", affinity, (PLAIN, *LEARNED, GIVEN)),
    ):
        if value not in allowed:
            raise ParameterError(f"{name} = {value!r}: choose one of {', '.join(allowed)}")
    if affinity == GIVEN and noise is not None:
        raise ParameterError(
            f"noise = {noise!r}: with affinity = {GIVEN} there are no distances that it "
            "could be told by: set it to None"
        )
    if affinity == GIVEN and (image_shape or space in (CODE, HOG, LSA)):
        raise ParameterError(
            f"affinity = {GIVEN}: rows of affinities are neither images nor encoded: leave "
            "image_shape and space as they are by default"
        )
    choose_space(space, x, image_size(image_shape, x.shape[1]))


def check_metric(metric: str, x: Matrix, as_given: bool) -> None:
    """Refuse a metric that is unknown, or that rows, shape (n, d), do not have."""
    if metric not in (EUCLIDEAN, COSINE):
        raise ParameterError(f"metric = {metric!r}: choose one of {EUCLIDEAN}, {COSINE}")
    if metric == COSINE and as_given:
        raise ParameterError(
            f"metric = {COSINE}: neither images nor affinities have directions: take {EUCLIDEAN}"
        )
    if metric == COSINE and (empty := empty_rows(x)).any():
        raise DataError(
            f"metric = {COSINE}: {np.count_nonzero(empty)} rows are 0, the first row "
            f"{empty.argmax()}, and have no direction: remove them"
        )


def check_sampler(sampler: str, affinity: str) -> None:
    """Refuse a sampler that would not see the affinities that are given."""
    if affinity == GIVEN and not SAMPLERS[sampler].reads_graph:
        raise ParameterError(
            f"sampler = {sampler} makes affinities of its own: with affinity = {GIVEN}, take edges"
        )
