"""Methods of other libraries, of the extra ``rivals``, to compare with."""

import numpy as np
import torch
from sklearn.mixture import GaussianMixture

from spectralnet.errors import ParameterError
from spectralnet.matrices import dense_rows
from spectralnet.methods.task import Found, Task
from spectralnet.nets.devices import map_in_chunks

INSTALL = "is not installed: `pip install -c constraints.txt -e '.[rivals]'`"
N_NEIGHBOURS = 20


def umap_gmm(task: Task) -> Found:
    """Embed codes by UMAP in as many dimensions as clusters, and fit a Gaussian mixture.

    McConville et al., N2D: (Not too) deep clustering, ICPR 2020.
    """
    try:
        from umap import UMAP
    except ImportError as error:
        raise ParameterError(f"umap-learn {INSTALL}") from error
    # Only on one thread does a seed make UMAP repeatable.
    reducer = UMAP(N_NEIGHBOURS, task.n_clusters, min_dist=0.0, random_state=task.seed, n_jobs=1)
    embedding = reducer.fit_transform(task.features)
    mixture = GaussianMixture(task.n_clusters, random_state=task.seed).fit(embedding)
    found = None
    if task.held_out.shape[0]:
        codes = map_in_chunks(task.encoder, task.held_out, task.device)
        found = mixture.predict(reducer.transform(codes))
    return Found(mixture.predict(embedding), found)


def clustpy(task: Task) -> Found:
    """Fit the class of ``clustpy.deep`` that the method is named after, with its defaults."""
    try:
        from clustpy import deep
    except ImportError as error:
        raise ParameterError(f"clustpy {INSTALL}") from error
    x, held_out = (dense_rows(points, slice(None)) for points in (task.x, task.held_out))
    torch.manual_seed(task.seed)
    fitted = getattr(deep, task.method)(task.n_clusters, device=task.device, random_state=task.seed)
    fitted.fit(x)
    found = fitted.predict(held_out).astype(np.int64) if len(held_out) else None
    return Found(fitted.labels_.astype(np.int64), found)
