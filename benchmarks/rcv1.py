"""Time and peak memory of RCV1's stages, on a generated set of its size and density.

``python -m benchmarks.rcv1 --n 685071 --space lsa`` makes documents of four topics with Zipf's
frequencies, then runs what the stages run, from the raw matrix to the affinity graph, each in a
process of its own, as the stages are.
"""

import argparse
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.sparse import csr_array

from spectralnet.artifacts import load_matrix, save_graph, save_matrix
from spectralnet.codes.autoencoder import train_autoencoder
from spectralnet.codes.lsa import latent_semantics
from spectralnet.config.reading import read_params
from spectralnet.data.sets.rcv1 import fit_terms
from spectralnet.graph.affinity import affinity_graph
from spectralnet.graph.neighbours import nearest_neighbours
from spectralnet.nets.devices import map_in_chunks, pick_device
from spectralnet.nets.saved import load_net, save_net

N_TERMS, TERMS_A_DOCUMENT, N_TOPICS = 47_236, 76, 4  # RCV1's


def generate(folder: Path, n: int, seed: int = 0) -> str:
    """Write a raw matrix with RCV1's shape: (n, 47236), about 76 terms a row."""
    generator = np.random.default_rng(seed)
    frequency = 1 / (np.arange(N_TERMS) + 10)
    ranks = np.stack([np.arange(N_TERMS), *(generator.permutation(N_TERMS) for _ in range(4))])
    lengths = generator.poisson(TERMS_A_DOCUMENT, n) + 1
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    drawn = np.searchsorted(
        np.cumsum(frequency) / frequency.sum(), generator.random(indptr[-1])
    ).astype(np.int32)
    topic = np.repeat(generator.integers(1, 1 + N_TOPICS, n), lengths)
    common = generator.random(len(drawn)) < 0.5  # half of the words are of no topic
    indices = ranks[np.where(common, 0, topic), drawn].astype(np.int32)
    values = generator.uniform(0.02, 0.2, len(indices))
    x = csr_array((values, indices, indptr), shape=(n, N_TERMS))
    x.sum_duplicates()
    save_matrix(folder / "raw", x)
    return f"{x.shape[0]} x {x.shape[1]}, density {x.nnz / x.shape[0] / x.shape[1]:.5f}"


def prepare(folder: Path) -> str:
    """Keep the most frequent terms, and scale rows to directions."""
    raw = load_matrix(folder / "raw")
    x = fit_terms(raw, read_params().datasets["rcv1"].n_terms).transform(raw)
    save_matrix(folder / "input", x)
    return f"{x.shape[0]} x {x.shape[1]}, {np.count_nonzero(x.sum(axis=1))} rows that hold a term"


def autoencoder(folder: Path, epochs: int) -> str:
    """Train the autoencoder and write the codes."""
    x, device = load_matrix(folder / "input"), pick_device("auto")
    params = read_params().datasets["rcv1"].autoencoder
    net, history = train_autoencoder(
        x, params.model_copy(update={"epochs": epochs}), seed=0, device=device
    )
    save_net(folder, "encoder", net.encoder)
    save_matrix(folder / "code", map_in_chunks(load_net(folder, "encoder"), x, device))
    return f"held-out loss {history['held_out_loss'].min():.4f} after {epochs} epochs"


def project(folder: Path) -> str:
    """Find the principal directions, and write the projections."""
    x = load_matrix(folder / "input")
    encoder = latent_semantics(x, seed=0)
    save_net(folder, "encoder", encoder)
    save_matrix(folder / "lsa", map_in_chunks(encoder, x, pick_device("auto")))
    return f"{encoder.sizes[-1]} numbers a document"


def graph(folder: Path, space: str) -> str:
    """Search neighbours and write the affinity graph."""
    params = read_params().datasets["rcv1"].graph
    found = nearest_neighbours(load_matrix(folder / space), params.n_neighbours, params.search)
    weights = affinity_graph(found, params)
    save_graph(folder / "graph.npz", weights)
    return f"{weights.nnz // 2} edges, {found.search} search, recall {found.recall:.3f}"


def measured(work: Callable[..., str], *arguments: object) -> tuple[str, float, float]:
    """Run a stage; return what it made, its seconds, and the process's peak in GB."""
    started = time.perf_counter()
    made = work(*arguments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return made, time.perf_counter() - started, peak


def main() -> None:
    """Run every stage and print its time and peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=685_071, help="documents")
    parser.add_argument("--epochs", type=int, default=1, help="of the autoencoder")
    parser.add_argument("--space", choices=["lsa", "code", "input"], default="lsa")
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        stages: list[tuple[Callable[..., str], tuple[object, ...]]] = [
            (generate, (folder, options.n)),
            (prepare, (folder,)),
        ]
        if options.space == "lsa":
            stages += [(project, (folder,))]
        elif options.space == "code":
            stages += [(autoencoder, (folder, options.epochs))]
        stages += [(graph, (folder, options.space))]
        for work, arguments in stages:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                made, seconds, peak = process.submit(measured, work, *arguments).result()
            print(f"{work.__name__:12} {seconds:7.0f} s {peak:6.2f} GB  {made}", flush=True)


if __name__ == "__main__":
    main()
