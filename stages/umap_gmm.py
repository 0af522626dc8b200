"""Cluster codes by UMAP and a Gaussian mixture."""

from pathlib import Path

from sklearn.mixture import GaussianMixture

from spectralnet.artifacts import load_matrix
from spectralnet.errors import ParameterError
from spectralnet.nets.devices import map_in_chunks
from spectralnet.nets.saved import load_net
from stages.common import Stage, main
from stages.method import write_clustering

N_NEIGHBOURS = 20


def umap_gmm(stage: Stage, data: Path, features: Path, clusters: Path) -> str:
    """Embed codes by UMAP in as many dimensions as clusters, and fit a Gaussian mixture.

    McConville et al., N2D: (Not too) deep clustering, ICPR 2020.
    """
    try:
        from umap import UMAP
    except ImportError as error:
        raise ParameterError(
            "umap-learn is not installed: `pip install -c constraints.txt -e '.[rivals]'`"
        ) from error
    n_clusters, seed = stage.settings.n_clusters, stage.params.seed
    # Only on one thread does a seed make UMAP repeatable.
    reducer = UMAP(N_NEIGHBOURS, n_clusters, min_dist=0.0, random_state=seed, n_jobs=1)
    embedding = reducer.fit_transform(load_matrix(features / "matrix"))
    mixture = GaussianMixture(n_clusters, random_state=seed).fit(embedding)
    held_out = load_matrix(data / "held_out_matrix")
    found = None
    if held_out.shape[0]:
        codes = map_in_chunks(load_net(features, "encoder"), held_out, stage.device)
        found = mixture.predict(reducer.transform(codes))
    return write_clustering(
        stage, data, [data, features], clusters, mixture.predict(embedding), found
    )


if __name__ == "__main__":
    main(umap_gmm, method=None)
