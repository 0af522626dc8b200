"""What a model says of a point beside its cluster: how sure it is, and whether it belongs."""

from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spectralnet.clusters.kmeans import Assignment
from spectralnet.clusters.noise import NOISE
from spectralnet.errors import DataError, ParameterError
from spectralnet.matrices import Matrix, blocks
from spectralnet.membership.calibration import probabilities, squared_distances
from spectralnet.membership.outliers import References, remoteness

Noise = Literal["auto"] | float | None
FAR_OUT = 5.0  # the outlier score beyond which "auto" takes points for noise
FADED = 6.0  # beyond which no cluster is likelier than another, but for what tells which
MOST_FADED = 0.99
ROWS_AT_ONCE = 2**17


def check_noise(noise: object) -> None:
    """Refuse what is none of None, "auto" and a fraction in (0, 1): a `ParameterError`."""
    number = isinstance(noise, int | float | np.number) and not isinstance(noise, bool)
    if noise is None or noise == "auto" or (number and 0 < noise < 1):  # type: ignore[operator]
        return
    raise ParameterError(f'noise = {noise!r}: give None, "auto", or a part of the points in (0, 1)')


class Membership(nn.Module):
    """How clusters are shared among points, and what points are compared with.

    Parameters
    ----------
    n_references, n_features : int
        The shape of the references; 0 of them where points are in no space.
    n_neighbours : int

    Attributes
    ----------
    sharpness : Tensor of shape ()
        See `spectralnet.membership.calibration.probabilities`.
    references : Tensor of shape (r, e)
        Fitted points in the space whose neighbours make the graph.
    reaches : Tensor of shape (r,)
        See `spectralnet.membership.outliers.References`.
    middle, spread : Tensor of shape ()
        Of the fitted points' `spectralnet.membership.outliers.remoteness`.
    threshold : Tensor of shape ()
        Of outlier scores: points above are noise. Infinite where none is.
    """

    sharpness: Tensor
    references: Tensor
    reaches: Tensor
    middle: Tensor
    spread: Tensor
    threshold: Tensor

    def __init__(self, n_references: int, n_features: int, n_neighbours: int) -> None:
        super().__init__()
        self.n_neighbours = n_neighbours
        self.register_buffer("references", torch.zeros(n_references, n_features))
        self.register_buffer("reaches", torch.zeros(n_references))
        for name, value in (("sharpness", 1.0), ("middle", 0.0), ("spread", 1.0)):
            self.register_buffer(name, torch.tensor(value, dtype=torch.float64))
        self.register_buffer("threshold", torch.tensor(torch.inf, dtype=torch.float64))

    @classmethod
    def of(
        cls, sharpness: float, references: References, middle: float = 0.0, spread: float = 1.0
    ) -> Self:
        """Put together what was fitted: see the attributes."""
        n_references, n_features = references.points.shape
        told = cls(n_references, n_features, references.n_neighbours)
        told.references.copy_(torch.from_numpy(references.points))
        told.reaches.copy_(torch.from_numpy(references.reaches))
        for name, value in (("sharpness", sharpness), ("middle", middle), ("spread", spread)):
            getattr(told, name).fill_(value)
        return told

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that build it again."""
        n_references, n_features = self.references.shape
        return {
            "n_references": n_references,
            "n_features": n_features,
            "n_neighbours": self.n_neighbours,
        }

    @property
    def leaves_noise_out(self) -> bool:
        """Whether there are points that it puts into no cluster."""
        return bool(self.threshold < torch.inf)

    def check(self, assigned: Assignment) -> None:
        """Refuse numbers that are none in what it made of points, or itself: a `DataError`."""
        told = [assigned.probabilities, assigned.outlier_scores if len(self.references) else None]
        finite = all(np.isfinite(numbers).all() for numbers in told if numbers is not None)
        if not finite or self.threshold.isnan() or self.n_neighbours < 1:
            raise DataError("what it says of membership is no finite number")

    def without_references(self) -> "Membership":
        """Return one that tells no outliers: its points are in no space."""
        told = Membership(0, self.references.shape[1], self.n_neighbours)
        told.sharpness.copy_(self.sharpness)
        return told

    def outlier_scores(self, x: Matrix) -> NDArray[np.float32]:
        """Say how far points, shape (m, e), lie from where fitted points are: (m,).

        In robust standard deviations of the fitted points' log distances: 0 is usual, above
        `FAR_OUT` a point is far from all.
        """
        points, reaches = self.references.cpu().numpy(), self.reaches.cpu().numpy()
        if not len(points):
            return np.full(x.shape[0], np.nan, dtype=np.float32)
        return self.scores(remoteness(x, References(points, reaches, self.n_neighbours)))

    def scores(self, remote: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return `outlier_scores` of points whose `remoteness` is known, shape (m,)."""
        return ((remote - float(self.middle)) / float(self.spread)).astype(np.float32)

    def complete(
        self,
        assigned: Assignment,
        places: NDArray[np.floating],
        centroids: NDArray[np.floating],
        space: Matrix,
        scores: NDArray[np.float32] | None = None,
    ) -> Assignment:
        """Add probabilities and outlier scores to where points were put, and mark noise.

        Parameters
        ----------
        assigned : Assignment
        places : ndarray of shape (m, c)
            What was compared with the centroids, shape (k, c).
        centroids : ndarray of shape (k, c)
        space : ndarray or csr_array of shape (m, e)
            The points among the references.
        scores : ndarray of shape (m,), optional
            Their `outlier_scores`, where these are known.
        """
        m, k = len(places), len(centroids)
        shares = np.empty((m, k), np.float32)
        if scores is None:
            some = [self.outlier_scores(space[rows]) for rows in blocks(m, ROWS_AT_ONCE)]
            scores = np.concatenate(some) if some else np.empty(0, np.float32)
        for rows in blocks(m, ROWS_AT_ONCE):
            squares = squared_distances(places[rows], centroids)
            # What is far from all that was fitted is no sure member of anything.
            faded = np.nan_to_num(scores[rows, None])
            faded = np.clip((faded - FAR_OUT) / (FADED - FAR_OUT), 0, MOST_FADED)
            sure = probabilities(squares, float(self.sharpness))
            shares[rows] = (1 - faded) * sure + faded / k
        clusters = np.where(scores > float(self.threshold), NOISE, assigned.clusters)
        return assigned._replace(clusters=clusters, probabilities=shares, outlier_scores=scores)

    def mark_noise(self, assigned: Assignment, noise: Noise) -> Assignment:
        """Decide which points are noise, and give the fitted ones that are the cluster -1.

        Parameters
        ----------
        assigned : Assignment
            Of the fitted points, by `complete`.
        noise : "auto", float or None
            Those with a score above `FAR_OUT`, or a part of the fitted points, or none. Without
            references none is.
        """
        scores = assigned.outlier_scores
        if noise is None or scores is None or not len(self.references):
            return assigned
        threshold = FAR_OUT if noise == "auto" else float(np.quantile(scores, 1 - float(noise)))
        self.threshold.fill_(threshold)
        return assigned._replace(clusters=np.where(scores > threshold, NOISE, assigned.clusters))
