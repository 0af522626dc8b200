"""SpectralNet: deep spectral clustering (Shaham et al., ICLR 2018).

Data flow one way through these rooms: data -> codes -> graph (metric learns that of a second one)
-> spectral -> clusters; methods wires them, and the ``__init__`` of each says what it holds.
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
