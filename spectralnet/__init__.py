"""SpectralNet: deep spectral clustering (Shaham et al., ICLR 2018).

Each folder is a room, and its docstring the index. Data take this way through them:

data -> codes -> graph -> metric -> graph -> spectral -> clusters

`nets` holds what all nets are made of, `methods` wires whole methods, `config` reads parameters,
`estimators` is the scikit-learn interface, `report` and `tracking` serve the pipeline.
`SpectralNet` is all of it as one scikit-learn estimator; `DEC` and `DualAutoencoder` are others.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spectralnet.estimators.dec import DEC as DEC
    from spectralnet.estimators.dual_autoencoder import DualAutoencoder as DualAutoencoder
    from spectralnet.estimators.spectralnet import SpectralNet as SpectralNet

_ESTIMATORS = {
    "DEC": "spectralnet.estimators.dec",
    "DualAutoencoder": "spectralnet.estimators.dual_autoencoder",
    "SpectralNet": "spectralnet.estimators.spectralnet",
}
__all__ = ["DEC", "DualAutoencoder", "SpectralNet"]


def __getattr__(name: str) -> Any:
    """Import an estimator when it is asked for: torch and scikit-learn take seconds."""
    if name not in _ESTIMATORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ESTIMATORS[name]), name)
