"""How clusterings of several seeds agree."""

import numpy as np
from sklearn.metrics import normalized_mutual_info_score

from benchmarks.dec_n_clusters import mean_agreement


def test_agreement_singles_out_the_clustering_that_stands_alone():
    generator = np.random.default_rng(0)
    same = generator.integers(0, 4, 200)
    other = generator.integers(0, 4, 200)
    renamed = (same + 1) % 4
    alone = normalized_mutual_info_score(same, other)
    np.testing.assert_allclose(
        mean_agreement([same, renamed, other]), [(1 + alone) / 2, (1 + alone) / 2, alone]
    )
