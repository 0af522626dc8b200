"""Two processes against one, in double precision."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from clones import ROOT

from spectralnet.clusters.kmeans import assign, fit_spectral_centroids
from spectralnet.codes.autoencoder import train_autoencoder
from spectralnet.config.defaults import default_dec, default_settings
from spectralnet.errors import ParameterError, TrainingError
from spectralnet.graph.affinity import GraphParams, affinity_graph
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.methods.dec import training as dec_training
from spectralnet.methods.dec.stacked import train_stacked
from spectralnet.methods.dec.training import train_dec
from spectralnet.methods.dual_autoencoder.net import DualAutoencoderParams, train_dual_autoencoder
from spectralnet.methods.dual_autoencoder.training import ClusteredCodes, fine_tune
from spectralnet.metric.augmentation import AffineParams, RandomAffine
from spectralnet.metric.siamese import train_siamese
from spectralnet.nets import devices, distributed
from spectralnet.nets.checkpoints import Checkpoint
from spectralnet.nets.distributed import averaged, from_first, joined, share
from spectralnet.spectral.map import SpectralMap
from spectralnet.spectral.training import train_spectral_map

pytestmark = pytest.mark.xdist_group("distributed")  # it is trained once
CPU = torch.device("cpu")
IMAGES = (2, 2)


def quick(params, **changes):
    """Shorten a training; sizes of minibatches are odd, so that shares differ."""
    known = {"epochs": 3, "steps_per_epoch": 4, "batch_size": 33, "layer_epochs": 1, "hidden": [16]}
    fields = type(params).model_fields
    short = {name: value for name, value in known.items() if name in fields}
    return params.model_copy(update=short | changes)


def spectral(given, **changes):
    params = quick(given.settings.spectralnet, n_components=6, hidden=[16, 16], **changes)
    net, eigenvalues, history, *_ = train_spectral_map(
        given.x, given.graph, params, given.graph_params, seed=0, device=CPU
    )
    places = devices.map_in_chunks(net, given.x, CPU)
    clusters = assign(places, fit_spectral_centroids(places, eigenvalues, 3, 0)).clusters
    return net, history, eigenvalues, clusters


def siamese(given, augment=None, **changes):
    params = quick(given.settings.siamese, channels=[4, 4], **changes)
    images = IMAGES if augment else None
    return train_siamese(
        given.x, given.graph, params, seed=0, device=CPU, image_shape=images, augment=augment
    )


def dec(given):
    stacked_params, params = (quick(params) for params in default_dec(len(given.x)))
    net, stacked = train_stacked(given.x, stacked_params, seed=0, device=CPU)
    model, _, history = train_dec(
        given.x, net.encoder, 3, params.model_copy(update={"tol": 0.0}), seed=0, device=CPU
    )
    return model, history, stacked["held_out_loss"].to_numpy(), model.predict(given.x)


def dual(given):
    """Its autoencoder, and the joint fine-tuning of that with a spectral map."""
    params = quick(given.dual, joint=quick(given.dual.joint))
    net, pretraining = train_dual_autoencoder(given.x, IMAGES, params, seed=0, device=CPU)
    spectral_map = SpectralMap([4, 16, 6])
    spectral_map.load_state_dict(given.spectral_map)
    assigned = SimpleNamespace(clusters=np.arange(len(given.x)) % 3)
    clusters = SimpleNamespace(assigned=assigned, model=SimpleNamespace(spectral_map=spectral_map))
    history = fine_tune(net, ClusteredCodes(given.graph, clusters), given.x, seed=0, device=CPU)
    return torch.nn.ModuleList([net, spectral_map]), history, pretraining["held_out_loss"]


TRAININGS = {
    "spectral map": spectral,
    "spectral map, edges": lambda given: spectral(given, sampler="edges"),
    "spectral map, batch": lambda given: spectral(given, sampler="batch"),
    "siamese": siamese,
    "siamese, contrastive": lambda given: siamese(given, loss="contrastive"),
    "siamese, images": lambda given: siamese(given, RandomAffine(IMAGES, AffineParams())),
    "autoencoder": lambda given: train_autoencoder(
        given.x, quick(given.settings.autoencoder, corruption=0.1), seed=0, device=CPU
    ),
    "dec": dec,
    "dual autoencoder": dual,
}


def numbers(net, history, *others):
    columns = [c for c in ("loss", "held_out_loss", "changed") if c in history]
    weights = torch.cat([weight.detach().reshape(-1) for weight in net.parameters()]).numpy()
    return [history[columns].to_numpy(), weights, *map(np.asarray, others)]


def use_double_precision():
    """Undo in this process what makes single precision of rows, and half of products."""
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double
    torch.cpu.get_capabilities = dict
    devices.dense_rows = lambda x, rows: x[rows]
    found = dec_training.fit_centroids
    dec_training.fit_centroids = lambda *given, **how: found(*given, **how).astype(np.float64)


def given_points():
    generator = np.random.default_rng(0)
    centres = generator.normal(0, 2, (3, 4))
    x = centres[np.repeat(np.arange(3), 40)] + generator.normal(0, 1, (120, 4))
    graph_params = GraphParams(n_neighbours=6, search="exact", scale_neighbour=3, overlap=0)
    return SimpleNamespace(
        x=x,
        graph=affinity_graph(nearest_neighbours(x.astype(np.float32), 6), graph_params),
        graph_params=graph_params,
        settings=default_settings(1797, 3),
        dual=DualAutoencoderParams(channels=[4, 4], hidden=[16], code_size=4),
        spectral_map=SpectralMap([4, 16, 6]).state_dict(),
    )


def work(folder, port, rank):
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank)}
    torch.set_num_threads(1)
    use_double_precision()
    torch.manual_seed(0)
    given, found = given_points(), {}
    torch.manual_seed(rank)  # from which no training draws
    if rank == 0:
        found |= {f"alone: {name}": numbers(*train(given)) for name, train in TRAININGS.items()}
    with joined(CPU):
        found |= {name: numbers(*train(given)) for name, train in TRAININGS.items()}
        assert from_first({"rank": rank, "x": torch.ones(2) * rank})["x"].tolist() == [0, 0]
        with pytest.raises(ParameterError, match="minibatch of 1 rows for 2 processes"):
            share(torch.ones(1))
        checkpoint = Checkpoint(folder / f"{rank}.pt", seconds=0)
        checkpoint.save({"rank": rank})
        found["checkpoint"] = [np.array(checkpoint.load()["rank"])]
        if rank == 0:  # the other goes on, and is gone
            distributed.GRACE = 0
            with pytest.raises(TrainingError, match="another process of this training ended"):
                averaged(torch.ones(()), 1)
    named = {f"{name}/{i}": v for name, values in found.items() for i, v in enumerate(values)}
    np.savez(folder / f"{rank}.npz", **named)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, warm):
    """Train everything in one process, and in two, which this one does not fork: it has threads."""
    folder, here = tmp_path_factory.mktemp("distributed"), Path(__file__)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [warm / "python", "-m", here.stem, folder, str(port)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    processes = [
        subprocess.Popen([*command, str(rank)], cwd=here.parent, env=environment)
        for rank in range(2)
    ]
    assert [process.wait() for process in processes] == [0, 0]
    return [np.load(folder / f"{rank}.npz") for rank in range(2)]


@pytest.mark.parametrize("name", TRAININGS)
def test_two_processes_train_what_one_trains(trained, name):
    first, second = trained
    compared = [key for key in first.files if key.startswith(f"{name}/")]
    assert len(compared) >= 2
    for key in compared:
        np.testing.assert_allclose(first[key], first[f"alone: {key}"], rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(first[key], second[key])


def test_the_first_process_alone_writes_checkpoints_and_all_read_them(trained):
    for found in trained:
        assert found["checkpoint/0"] == 0


if __name__ == "__main__":
    work(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
