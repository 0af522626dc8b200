"""The trainings on a GPU and on the CPU, a few minutes: python -m benchmarks.gpu [DEVICE] [ROWS].

Images of MNIST, 20,000 unless ROWS says otherwise. A line of JSON for each training: milliseconds
a step in the second of two epochs, its held-out loss included, on either device; then seconds and
ACC of the estimator with the pipeline's settings, and how far the two agree.
"""

import json
import platform
import sys
import time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.data import load
from spectralnet import SpectralNet
from spectralnet.clusters.scores import accuracy
from spectralnet.codes.autoencoder import train_autoencoder
from spectralnet.config.defaults import default_settings
from spectralnet.graph.affinity import affinity_graph
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.metric.augmentation import AffineParams, RandomAffine
from spectralnet.metric.siamese import train_siamese
from spectralnet.nets.batches import n_batches
from spectralnet.nets.devices import pick_device
from spectralnet.spectral.training import train_spectral_map

IMAGES = (28, 28)
TWO = {"epochs": 2}


def steps(x: NDArray[np.float32], device: torch.device) -> dict[str, float]:
    """Return the milliseconds that a step of each training takes."""
    settings = default_settings(len(x), 10)
    neighbours = nearest_neighbours(x, settings.graph.n_neighbours)
    graph = affinity_graph(neighbours, settings.graph)
    spectral = settings.spectralnet.model_copy(update=TWO | {"sampler": "edges"})
    pairs = settings.siamese.model_copy(update=TWO)
    codes = settings.autoencoder.model_copy(update=TWO)
    affine = RandomAffine(IMAGES, AffineParams())
    usual: dict[str, Any] = {"seed": 0, "device": device}
    histories = {
        "spectral map": train_spectral_map(x, graph, spectral, settings.graph, **usual)[2],
        "siamese, images": train_siamese(
            x, graph, pairs, image_shape=IMAGES, augment=affine, **usual
        )[1],
        "autoencoder": train_autoencoder(x, codes, **usual)[1],
    }
    fitted = round(len(x) * (1 - codes.held_out))
    counts = {
        "spectral map": spectral.steps_per_epoch,
        "siamese, images": pairs.steps_per_epoch,
        "autoencoder": n_batches(fitted, codes.batch_size),
    }
    return {name: 1e3 * history["seconds"][1] / counts[name] for name, history in histories.items()}


def main(name: str = "cuda", rows: str = "20000") -> None:
    """Print what each device takes, as JSON."""
    device, cpu = pick_device(name), torch.device("cpu")
    x, labels = load("mnist", int(rows))
    gpu = torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
    about = {"device": gpu, "machine": platform.platform(), "torch": torch.__version__}
    print(json.dumps(about | {"threads": torch.get_num_threads(), "rows": len(x)}), flush=True)
    here, there = steps(x, cpu), steps(x, device)
    for training in here:
        found = {"cpu_ms": here[training], "device_ms": there[training]}
        print(json.dumps({"training": training} | found), flush=True)
    clusters = {}
    for place in ("cpu", name):
        started = time.perf_counter()
        estimator = SpectralNet(10, image_shape=IMAGES, device=place, random_state=0).fit(x)
        seconds, clusters[place] = time.perf_counter() - started, estimator.labels_
        acc = accuracy(labels, estimator.labels_)
        print(json.dumps({"estimator": place, "seconds": seconds, "acc": acc}), flush=True)
    print(json.dumps({"agreement": accuracy(clusters["cpu"], clusters[name])}))


if __name__ == "__main__":
    main(*sys.argv[1:])
