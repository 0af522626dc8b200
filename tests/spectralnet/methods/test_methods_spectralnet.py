import pytest
import torch

from spectralnet.methods import spectralnet
from spectralnet.methods.spectralnet import train_spectralnet
from spectralnet.nets.blocks import MLP
from spectralnet.spectral.map import SpectralMap


@pytest.mark.parametrize(("own", "expected"), [(5, 5), (3, 4)])
def test_halves_have_as_many_eigenvectors_as_the_net_goes_on_with(
    own, expected, blobs, blob_graph, graph_params, settings, monkeypatch
):
    """A former net keeps its outputs, where fewer are asked for."""
    asked = {}

    def spy(name):
        usual = getattr(spectralnet, name)

        def counted(graph, n_components, *others):
            asked[name] = n_components
            return usual(graph, n_components, *others)

        monkeypatch.setattr(spectralnet, name, counted)

    spy("warn_of_components")
    spy("spectral_repeats")
    short = {"epochs": 1, "steps_per_epoch": 2, "n_components": 4, "sampler": "edges"}
    found = train_spectralnet(
        MLP([4]),
        MLP([4]),
        blobs,
        blob_graph,
        3,
        settings.spectralnet.model_copy(update=short),
        graph_params,
        seed=0,
        device=torch.device("cpu"),
        start=SpectralMap([4, 8, own]),
    )
    assert len(found.eigenvalues) == expected
    assert asked == {"warn_of_components": expected, "spectral_repeats": expected}
