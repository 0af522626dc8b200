"""The methods beside SpectralNet: each stands here once, with all that belongs to it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pkgutil import resolve_name

from spectralnet.methods.dec.clustering import DECStageParams
from spectralnet.methods.dec.stacked import StackedParams
from spectralnet.methods.dual_autoencoder.net import DualAutoencoderParams
from spectralnet.methods.task import Found, Task
from spectralnet.parameters import Block

OURS = "SpectralNet, the deep spectral clustering of Shaham et al., ICLR 2018"


@dataclass(frozen=True)
class Method:
    """A method of the pipeline.

    Attributes
    ----------
    description : str
        For the model card.
    function : str
        Where the function from `Task` to `Found` is: ``module:name``, imported when it is run.
    stages : str
        The file that has its stage.
    stage : str, optional
        The stage, where it is not called as the method.
    params : type of Block, optional
        Of the block of ``params.yaml`` that has the method's name, if there is one.
    pretraining : str, optional
        The block of the training that it starts from.
    row : dict of str to str
        What the table of results calls it, where that differs.
    """

    description: str
    function: str
    stages: str = "stages/methods/dvc.yaml"
    params: type[Block] | None = None
    pretraining: str | None = None
    stage: str | None = None
    row: dict[str, str] = field(default_factory=dict)

    @property
    def cluster(self) -> Callable[[Task], Found]:
        """The function that does it."""
        return resolve_name(self.function)


KMEANS = "spectralnet.methods.kmeans:cluster"
RIVALS = "spectralnet.methods.rivals"

METHODS: dict[str, Method] = {
    "dec": Method(
        "DEC, the deep embedded clustering of Xie et al., ICML 2016",
        "spectralnet.methods.dec.clustering:cluster",
        params=DECStageParams,
        pretraining="stacked",
    ),
    "dual_autoencoder": Method(
        "the Dual Autoencoder Network of Yang et al., CVPR 2019",
        "spectralnet.methods.dual_autoencoder.clustering:cluster",
        params=DualAutoencoderParams,
    ),
    "kmeans": Method(
        "k-means on the input features",
        KMEANS,
        row={"space": "input"},
    ),
    "ae_kmeans": Method(
        "k-means on the codes of the autoencoder",
        KMEANS,
        row={"method": "kmeans", "space": "code"},
    ),
    "stacked_kmeans": Method(
        "k-means on the codes of DEC's autoencoder",
        KMEANS,
        pretraining="stacked",
    ),
    "spectral": Method(
        "exact spectral clustering of the graph that SpectralNet is trained on",
        "spectralnet.methods.exact:cluster",
    ),
    "umap_gmm": Method(
        "UMAP of the codes, then a Gaussian mixture: the idea of N2D",
        f"{RIVALS}:umap_gmm",
        "stages/rivals/dvc.yaml",
    ),
    **{
        name: Method(
            f"ClustPy's {name}, with its defaults",
            f"{RIVALS}:clustpy",
            "stages/rivals/dvc.yaml",
            stage=f"clustpy@{name}",
        )
        for name in ("DCN", "IDEC", "VaDE")
    },
}
# The blocks of ``params.yaml`` that are no data set's.
BLOCKS: dict[str, type[Block]] = {
    "stacked": StackedParams,
    **{name: method.params for name, method in METHODS.items() if method.params is not None},
}


def target_of(method: str) -> str:
    """Name the stage of a method as DVC is told."""
    found = METHODS[method]
    return f"{found.stages}:{found.stage or method}"


def blocks_of(method: str) -> set[str]:
    """Name the blocks of ``params.yaml`` that a method, or its pretraining, depends on."""
    names = {method}
    if method in METHODS:
        names.add(METHODS[method].pretraining or method)
    return names & set(BLOCKS)
