"""Estimators that take more points later, and keep their clusters' numbers."""

import warnings
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.callback import with_callbacks

from spectralnet.artifacts import CSR_ARRAYS, load_array, load_json, save_array, save_json
from spectralnet.config.limits import graph_settings
from spectralnet.errors import DataError, ParameterError
from spectralnet.estimators.base import Changes, MatrixLike
from spectralnet.estimators.callbacks import fit_task
from spectralnet.estimators.nested import NestedClusterer
from spectralnet.estimators.options import check_metric
from spectralnet.estimators.whole import whole_fit
from spectralnet.matrices import Matrix
from spectralnet.membership.part import check_noise
from spectralnet.methods.growing.model import Grown, grow
from spectralnet.methods.growing.points import KeptPoints, grown_points, stacked
from spectralnet.methods.learned import GIVEN
from spectralnet.methods.spectralnet import FITTING
from spectralnet.nets.devices import map_through, pick_device, usual_torch
from spectralnet.nets.saved import reading_model
from spectralnet.progress import quiet

MOST_SAVED = 2**28  # bytes of points that a saved estimator takes along
POINTS = "points.json"
MISFIT = 2.0  # of `rayleigh_ratio_`, beyond which the former eigenspace no longer fits


class GrowingClusterer(NestedClusterer):
    """A deep clusterer whose graph grows by points that come later.

    Attributes
    ----------
    rayleigh_ratio_ : float
    n_moved_ : int
    novel_ : ndarray of shape (m,)
    new_clusters_ : ndarray of int64
        Of the last `partial_fit`: see there.
    """

    affinity: str
    metric: str
    semi_supervised: bool
    graph: Changes
    spectralnet: Changes
    n_components: int | None
    history_: dict[str, pd.DataFrame]
    eigenvalues_: NDArray[np.float64]
    _points: KeptPoints

    @with_callbacks
    def partial_fit(self, X: MatrixLike, y: Any = None) -> Self:
        """Add points to those that were fitted; the first call fits.

        The graph grows by the rows of X, and the spectral net trains on from its weights, over a
        quarter of the epochs with .3 of the rate; where new points are of clusters never seen, a
        new net is trained, as by `fit`. What leads to its inputs stays: the scale of the
        rows, the encoder, the Siamese net. Centroids are fitted anew; clusters keep the numbers
        that suit the former points best. `labels_`, `embedding_` and `outlier_scores_` are of all
        points, in the order in which they came. Warnings tell where the former eigenspace does
        not fit the new points, and where these are of clusters never seen; then
        ``n_clusters="auto"``, or a range, lets the number grow.

        Parameters
        ----------
        X : matrix of shape (m, d)
            As `predict` takes it.
        y : int array of shape (m,), default=None
            The first call hands it to `fit`. Labels do not grow: later, with `semi_supervised`,
            all have to be -1; else it is ignored.

        Returns
        -------
        self
            With four attributes more: `rayleigh_ratio_`, the Rayleigh quotient of the former
            map on edges of new points, in parts of that on edges among former points (about 1
            where new points are as these were); `n_moved_`, how many former points have another
            cluster now; `novel_`, bool of shape (m,), which new points lie where no former ones
            do, in a group; `new_clusters_`, clusters of which more than half is novel.

        Raises
        ------
        DataError, ParameterError, TrainingError
            As `fit` and `predict`; also with ``affinity="precomputed"``, with fewer clusters
            than were fitted, after labels or pairs, and where a saved
            estimator left its points out, being large.
        """
        if self.affinity == GIVEN:
            raise ParameterError(f"affinity = {GIVEN}: such a model cannot grow: fit all anew")
        if not hasattr(self, "model_"):
            return self.fit(X, y)
        if self.semi_supervised and y is not None and np.any(np.asarray(y) != -1):
            raise ParameterError("y: labels of points that come later are not read: fit all anew")
        if not hasattr(self, "_points"):
            raise DataError(
                "this model cannot grow: it was saved without its points, or was told labels or "
                "pairs, which its graph does not keep apart: fit all anew"
            )
        x, former_number = self._matrix(X, reset=False), self.n_clusters_
        check_metric(self.metric, x, self._as_given)
        check_noise(self.noise)
        task = fit_task(self, "partial_fit", X, y)
        with task, whole_fit(self) as new, quiet(not self.verbose), usual_torch():
            new._grow(x)
        self._warn_of_change(former_number)
        return self

    def _keep_grown(self, grown: Grown, points: KeptPoints) -> None:
        found, former = grown.found, self.labels_
        assigned = self._mark_noise(found.model, found.assigned)
        self._keep(found.model, assigned.clusters, assigned.embedding)
        self._points, self.eigenvalues_ = points, found.eigenvalues
        kept = getattr(self, "history_", {})
        self.history_ = {net: kept[net] for net in kept if net != FITTING} | found.histories
        self.rayleigh_ratio_, self.novel_ = grown.rayleigh_ratio, grown.novel
        self.n_moved_ = int(np.count_nonzero(self.labels_[: len(former)] != former))
        self.new_clusters_ = _mostly(self.labels_, np.flatnonzero(grown.novel) + len(former))

    def _grow(self, x: Matrix) -> None:
        model, device = self.model_, pick_device(self.device, x.shape[0])
        new = map_through(x, device, model.encoder, model.embedder)
        space = stacked(self._points.space, new)
        changes = {"graph": self.graph, "spectralnet": self.spectralnet}
        self._check_n_clusters(space)
        if self._most_clusters < self.n_clusters_:
            raise ParameterError(
                f"n_clusters = {self.n_clusters} is below the {self.n_clusters_} that were fitted, "
                "which keep their numbers: fit anew"
            )
        settings = graph_settings(
            space,
            self._most_clusters,
            self._n_neighbors(),
            self.n_components,
            changes,
        )
        seed = self._seed()
        points = grown_points(self._points, space, settings.graph, seed)
        grown = grow(
            model,
            space,
            points.graph,
            self._candidates,
            settings.spectralnet,
            settings.graph,
            former=self.labels_,
            seed=seed,
            device=pick_device(self.device, space.shape[0]),
        )
        self._keep_grown(grown, points)

    def _warn_of_change(self, former_number: int) -> None:
        if self.rayleigh_ratio_ > MISFIT:
            warnings.warn(
                "the former eigenspace does not fit the new points: on their edges the Rayleigh "
                f"quotient of its map is {self.rayleigh_ratio_:.2g} times that on the others "
                "(rayleigh_ratio_). "
                + ("A new net was trained" if self.novel_.any() else "The net was trained on")
                + "; to be sure, fit all anew",
                stacklevel=3,
            )
        if self.novel_.any():
            warnings.warn(
                f"{np.count_nonzero(self.novel_)} of {len(self.novel_)} new points lie where none "
                f"was before: clusters never seen (novel_). n_clusters was {former_number} and is "
                f"{self.n_clusters_} now"
                + ("" if self.n_clusters_ > former_number else ': give "auto" to let it grow'),
                stacklevel=3,
            )

    def _keep_points(
        self, growing: bool, space: Matrix, graph: csr_array, n_neighbours: int
    ) -> None:
        """Keep what more points can come to later; nothing of a former `partial_fit`."""
        for name in ("_points", "rayleigh_ratio_", "n_moved_", "novel_", "new_clusters_"):
            self.__dict__.pop(name, None)
        if growing:
            self._points = KeptPoints(space, graph, n_neighbours)

    def _write(self, folder: Path) -> None:
        super()._write(folder)
        if not hasattr(self, "_points"):
            return
        space, graph, n_neighbours = self._points
        arrays = {f"points_{name}": array for name, array in _arrays(space).items()}
        arrays |= {f"edges_{name}": array for name, array in _arrays(graph).items()}
        if sum(array.nbytes for array in arrays.values()) > MOST_SAVED:
            warnings.warn(
                f"points of more than {MOST_SAVED / 2**20:.0f} MiB are not saved: what is loaded "
                "predicts, and cannot grow",
                stacklevel=3,
            )
            return
        for name, array in arrays.items():
            save_array(folder / f"{name}.npy", array)
        about = {"n_neighbours": n_neighbours, "shape": space.shape}
        save_json(folder / POINTS, about)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote; a `DataError` if that was no estimator of this class."""
        self = super().load(folder)
        path = Path(folder) / POINTS
        if path.exists():
            with reading_model(Path(folder)):
                about = load_json(path)
                n, width = about["shape"]
                space = _read(Path(folder), "points", (n, width))
                graph = _read(Path(folder), "edges", (n, n))
                fits = n == len(self.labels_) and width == self.model_.spectral_map.sizes[0]
                if not fits or not isinstance(graph, csr_array):
                    raise DataError("its points are not those that it was fitted on")
                self._points = KeptPoints(space, graph, int(about["n_neighbours"]))
        return self


def _arrays(x: Matrix) -> dict[str, NDArray[Any]]:
    """Return the arrays that make up a matrix, by name."""
    if isinstance(x, csr_array):
        return {name: getattr(x, name) for name in CSR_ARRAYS}
    return {"dense": x}


def _read(folder: Path, name: str, shape: tuple[int, int]) -> Matrix:
    """Read a matrix of a known shape from its arrays; a `ValueError` if it is none."""
    if (dense := folder / f"{name}_dense.npy").exists():
        x = load_array(dense)
    else:
        arrays = tuple(load_array(folder / f"{name}_{array}.npy") for array in CSR_ARRAYS)
        x = csr_array(arrays, shape=shape)
        x.check_format(full_check=True)
    if x.shape != shape:
        raise DataError(f"{name} of shape {x.shape} are not those that it was fitted on")
    return x


def _mostly(labels: NDArray[np.int64], rows: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return clusters of which more than half is among these rows."""
    inside = labels[rows]
    told, counts = np.unique(inside[inside >= 0], return_counts=True)
    return told[counts > np.bincount(labels[labels >= 0], minlength=1)[told] / 2]
