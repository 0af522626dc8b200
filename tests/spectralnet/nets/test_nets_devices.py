"""Trainings beside the CPU: on a device without data, where a mixed operation raises."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from spectralnet import SpectralNet
from spectralnet.clusters.scores import accuracy
from spectralnet.codes import autoencoder
from spectralnet.config.defaults import default_dec, default_settings
from spectralnet.membership.part import Membership
from spectralnet.methods.dec import stacked
from spectralnet.methods.dec import training as dec
from spectralnet.methods.dec.model import DECModel
from spectralnet.methods.dual_autoencoder import net as dual
from spectralnet.methods.dual_autoencoder import training as joint
from spectralnet.methods.model import ClusterModel
from spectralnet.metric import siamese
from spectralnet.metric.augmentation import AffineParams, RandomAffine
from spectralnet.nets.blocks import MLP
from spectralnet.nets.devices import map_in_chunks, map_through
from spectralnet.nets.gradients import OrientedGradients
from spectralnet.nets.training import _Loop
from spectralnet.spectral import training as spectral
from spectralnet.spectral.map import SpectralMap

META, IMAGES = torch.device("meta"), (2, 2)
SETTINGS = default_settings(1797, 3)


@dataclass
class Copies(TorchDispatchMode):
    """Counts the copies from the CPU to the device, and refuses those back."""

    sizes: list[int] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name, to = function.name(), (kwargs or {}).get("device")
        if name == "aten::_to_copy" and to is not None and args[0].device.type != to.type:
            assert to == META, "a step waits for the device"
            assert args[0].dtype != torch.float64, "mps has no float64"
            self.sizes.append(args[0].nbytes)
        devices = {x.device.type for x in args if isinstance(x, torch.Tensor) and x.ndim}
        assert name == "aten::_to_copy" or len(devices) < 2, f"{name} mixes devices"
        return function(*args, **(kwargs or {}))


class SteppedError(Exception):
    """The copies of a step."""


def step(net, params, *, batches, n_batches, loss, **_):
    """Take the place of a training: run two steps, and count the copies of the second."""
    plain = params.model_copy(update={"optimiser": "sgd"})
    loop = _Loop(net, plain, n_batches, torch.Generator(), enough=-np.inf)
    drawn = iter(batches(torch.Generator()))
    loop._step(loss(next(drawn)))
    with Copies() as copies:
        loop._step(loss(next(drawn)))
    raise SteppedError(copies.sizes)


def train_spectral_map(blobs, graph, graph_params, dual_params, sampler="edges"):
    changes = {"n_components": 6, "landmarks": 16, "sampler": sampler}
    params = SETTINGS.spectralnet.model_copy(update=changes)
    spectral.train_spectral_map(blobs, graph, params, graph_params, seed=0, device=META)


def train_siamese(blobs, graph, graph_params, dual_params, loss="infonce", augment=None):
    params = SETTINGS.siamese.model_copy(update={"loss": loss, "channels": [4, 4]})
    shape = IMAGES if augment else None
    siamese.train_siamese(
        blobs, graph, params, seed=0, device=META, image_shape=shape, augment=augment
    )


def train_autoencoder(blobs, graph, graph_params, dual_params):
    params = SETTINGS.autoencoder.model_copy(update={"corruption": 0.1, "batch_size": 32})
    autoencoder.train_autoencoder(blobs, params, seed=0, device=META)


def train_stacked(blobs, graph, graph_params, dual_params):
    params = default_dec(len(blobs))[0].model_copy(update={"batch_size": 32})
    stacked.train_stacked(blobs, params, seed=0, device=META)


def train_dec(blobs, graph, graph_params, dual_params):
    model = DECModel(MLP([4, 3]), torch.zeros(3, 3)).to(META).requires_grad_(True)
    params = default_dec(len(blobs))[1].model_copy(update={"optimiser": "sgd"})
    rounds = dec._Rounds(model, blobs, params, 0, META)
    with Copies() as copies:
        rounds._step(torch.arange(20))
    raise SteppedError(copies.sizes)


def train_dual(blobs, graph, graph_params, dual_params):
    dual.train_dual_autoencoder(blobs, IMAGES, dual_params, seed=0, device=META)


def train_joint(blobs, graph, graph_params, dual_params):
    net = dual.DualAutoencoderNet(4, IMAGES, dual_params)
    assigned = SimpleNamespace(clusters=np.arange(len(blobs)) % 3)
    model = SimpleNamespace(spectral_map=SpectralMap([8, 16, 6]))
    clusters = SimpleNamespace(assigned=assigned, model=model)
    joint.fine_tune(net, joint.ClusteredCodes(graph, clusters), blobs, seed=0, device=META)


# How many copies a step needs: indices of points, and what is drawn on the CPU.
TRAININGS = {
    "spectral map": (train_spectral_map, 1),
    "spectral map, eigenvectors": (
        lambda *given: train_spectral_map(*given, sampler="eigenvectors"), 2,
    ),
    "siamese": (train_siamese, 4),
    "siamese, contrastive": (lambda *given: train_siamese(*given, loss="contrastive"), 4),
    "siamese, images": (
        lambda *given: train_siamese(*given, augment=RandomAffine(IMAGES, AffineParams())), 5,
    ),
    "autoencoder": (train_autoencoder, 2),
    "stacked": (train_stacked, 3),
    "dec": (train_dec, 1),
    "dual autoencoder": (train_dual, 2),
    "joint": (train_joint, 2),
}  # fmt: skip


def test_rows_go_through_nets_unless_all_are_the_identity(blobs, cpu):
    assert map_through(blobs, cpu, MLP([4]), MLP([4])) is blobs
    net = MLP([4, 2])
    expected = blobs @ net[0].weight.detach().numpy().T + net[0].bias.detach().numpy()
    for nets in ([net], [MLP([4]), net], [net, MLP([2])]):
        np.testing.assert_allclose(map_through(blobs, cpu, *nets), expected, atol=1e-5)


@pytest.mark.parametrize("name", TRAININGS)
def test_a_step_neither_mixes_devices_nor_waits(
    name, blobs, blob_graph, graph_params, dual_params, monkeypatch
):
    for module in (autoencoder, stacked, siamese, spectral, dual, joint):
        monkeypatch.setattr(module, "train", step)
    for module in (autoencoder, stacked, siamese, dec, dual, joint):
        monkeypatch.setattr(module, "half_precision", nullcontext)
    nothing = torch.zeros(len(blobs), 3, device=META)
    monkeypatch.setattr(DECModel, "distributions", lambda *_: (nothing, nothing))
    monkeypatch.setattr(joint, "map_in_chunks", lambda net, x, device: np.zeros((len(x), 8), "f"))
    monkeypatch.setattr(spectral, "KEPT", 0)  # weights of landmarks are found in each step
    train, n_copies = TRAININGS[name]
    with pytest.raises(SteppedError) as stepped:
        train(blobs, blob_graph, graph_params, dual_params)
    sizes = stepped.value.args[0]
    assert len(sizes) == n_copies, sizes


def test_rows_are_mapped_where_asked_and_the_net_stays(cpu):
    net = MLP([4, 3]).to(META)
    with pytest.raises(NotImplementedError, match="meta"):  # a copy of it cannot come here
        map_in_chunks(net, np.ones((5, 4), dtype=np.float32), cpu)
    assert next(net.parameters()).device == META


GRADIENTS, CENTROIDS = OrientedGradients((2, 2)), torch.zeros(3, 2)
MAPPINGS = {
    "gradients": lambda x: map_in_chunks(GRADIENTS, x, META),
    "gradients among nets": lambda x: map_in_chunks(
        torch.nn.Sequential(MLP([4]), GRADIENTS), x, META
    ),
    "model": lambda x: ClusterModel(
        GRADIENTS, MLP([512]), SpectralMap([512, 2]), CENTROIDS, None, Membership(2, 512, 1)
    ).predict(x, META),
    "dec": lambda x: DECModel(MLP([4, 2]), CENTROIDS, Membership(2, 2, 1)).assign(x, META),
}


@pytest.mark.parametrize("name", MAPPINGS)
def test_all_that_maps_rows_goes_to_the_device_and_no_more(name):
    """Until the first rows come back, which from a device without data they cannot."""
    with Copies() as copies, pytest.raises(AssertionError, match="waits for the device"):
        MAPPINGS[name](np.ones((5, 4), dtype=np.float32))
    assert copies.sizes[-1] == 5 * 4 * 4


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")
def test_a_gpu_learns_what_the_cpu_learns(blobs, cpu):
    found = {}
    for device in ("cpu", "cuda"):
        estimator = SpectralNet(
            3, affinity="siamese", space="code", device=device, random_state=0
        ).fit(blobs)
        found[device] = estimator.labels_
        assert all(weight.device == cpu for weight in estimator.model_.state_dict().values())
        np.testing.assert_array_equal(estimator.predict(blobs), estimator.labels_)
    assert accuracy(found["cpu"], found["cuda"]) > 0.95
