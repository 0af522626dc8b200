"""Latent semantic analysis of sparse rows, such as texts."""

import numpy as np
from scipy.sparse import csr_array
from sklearn.decomposition import TruncatedSVD
from threadpoolctl import threadpool_limits

from spectralnet.matrices import of_one_length, seeded_sample
from spectralnet.nets.projection import Projection

N_DIRECTIONS = 100
SAMPLE = 100_000  # rows: more change the directions little


def latent_semantics(x: csr_array, seed: int) -> Projection:
    """Return the projection on the first 100 principal directions of sparse rows, not centred.

    Words that stand in the same texts share directions, so texts are near that have no word in
    common. Rows of one length are brought back to one: else those whose words are rare would be
    near each other for being short. Of other rows the length counts, and stays what the
    projection leaves of it.

    Parameters
    ----------
    x : csr_array of shape (n, d)
        n and d above 100. Directions are those of a seeded sample of 100,000, where n is more.
    seed : int
        Of the sample, and of the randomised decomposition.

    References
    ----------
    Deerwester, Dumais, Furnas, Landauer and Harshman, Indexing by latent semantic analysis, JASIS
    1990; 100 directions as there; Halko, Martinsson and Tropp, SIAM Review 2011.
    """
    n = x.shape[0]
    some = x if n <= SAMPLE else x[seeded_sample(n, SAMPLE, seed)]
    # One thread, for the same bits whatever their number; shares of the variance: rows all equal.
    with threadpool_limits(1), np.errstate(divide="ignore", invalid="ignore"):
        found = TruncatedSVD(N_DIRECTIONS, random_state=seed).fit(some)
    return Projection.on(found.components_, of_one_length(x))
