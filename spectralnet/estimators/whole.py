"""A fit that fails, or is interrupted, leaves an estimator as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import TypeVar

from sklearn.base import BaseEstimator

Estimator = TypeVar("Estimator", bound=BaseEstimator)


@contextmanager
def whole_fit(estimator: Estimator) -> Iterator[Estimator]:
    """Give a shallow copy to fit; what it holds becomes the estimator's when the block ends well.

    So the scale of one fit never stands beside the nets of another.
    """
    fitted = copy(estimator)
    yield fitted
    estimator.__dict__ = fitted.__dict__
