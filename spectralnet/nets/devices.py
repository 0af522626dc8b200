"""Where nets run: device, precision, seeds, and a chunk of rows at a time."""

import copy
import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn

from spectralnet.errors import ParameterError
from spectralnet.matrices import Matrix, dense_rows
from spectralnet.nets.projection import Directions
from spectralnet.progress import progress_bar

DENSE_AT_ONCE = 2**27  # numbers
DEVICES = r"^(auto|cpu|cuda(:\d+)?|mps)$"
SMALL = 10_000  # rows up to which "auto" is the CPU, where a training takes seconds


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Initialise weights from `seed` and leave torch's global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # not CUDA's: weights are drawn on the CPU
        yield


def pick_device(device: str, n_rows: int | None = None) -> torch.device:
    """Turn the name of a device into the device.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda", "cuda:0", "cuda:1", ..., "mps"}
        "auto": CUDA, if torch finds it and the rows are more than `SMALL`.
    n_rows : int, optional
        By default many.

    Raises
    ------
    ParameterError
        If it is none of these, or torch does not find it.
    """
    device = str(device)  # or a torch.device
    if not re.fullmatch(DEVICES, device):
        raise ParameterError(f"device = {device!r}: choose one of auto, cpu, cuda, cuda:1, mps")
    if device == "auto":
        large = n_rows is None or n_rows > SMALL
        device = "cuda" if large and torch.cuda.is_available() else "cpu"
    chosen = torch.device(device)
    there = {
        "cpu": 1,
        "cuda": torch.cuda.device_count() if torch.cuda.is_available() else 0,
        "mps": int(torch.backends.mps.is_available()),
    }
    if (chosen.index or 0) >= there[chosen.type]:
        raise ParameterError(
            f"device = {device}, but torch finds none here: use device: auto or cpu"
        )
    return chosen


@contextmanager
def half_precision(device: torch.device) -> Iterator[None]:
    """Multiply matrices in bfloat16 inside the block, where the hardware does so natively.

    Weights, sums and gradients stay in float32. On CPUs that means AMX or AVX-512's bfloat16
    instructions: a training takes half to two thirds of the time.
    """
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        found = torch.cpu.get_capabilities() if device.type == "cpu" else {}
        native = any(found.get(name, False) for name in ("amx_bf16", "avx512_bf16"))
    with torch.autocast(device.type, torch.bfloat16, enabled=native):
        yield
    torch.clear_autocast_cache()  # inside another autocast it would keep weights of past steps


@contextmanager
def usual_torch() -> Iterator[None]:
    """Undo inside the block what its surroundings may have switched: gradients, precision."""
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        torch.autocast("cpu", enabled=False),
        torch.autocast("cuda", enabled=False),
    ):
        yield


@torch.no_grad()
def map_in_chunks(
    net: nn.Module, x: Matrix, device: torch.device, chunk: int = 8192
) -> NDArray[np.float32]:
    """Apply a net to the rows of a matrix, `chunk` at a time.

    Parameters
    ----------
    net : nn.Module
        Stays where it is: what is elsewhere is copied to the device.
    x : ndarray or csr_array of shape (n, d)
        May be a memory map: no more than a chunk is read, or made dense, at once. Where a
        projection comes first, sparse rows stay sparse.
    device : torch.device
    chunk : int, default=8192

    Returns
    -------
    ndarray of shape (n, k)
    """
    place = torch.empty(0, device=device).device  # with its number
    # A state has no buffers that are not saved.
    if any(tensor.device != place for tensor in (*net.parameters(), *net.buffers())):
        net = copy.deepcopy(net).to(device)
    net.eval()
    n, chunk = x.shape[0], min(chunk, max(1, DENSE_AT_ONCE // x.shape[1]))
    # Of near-equal size: of a few rows BLAS sums otherwise, and equal rows would differ. No rows
    # are one empty chunk, of the right width.
    n_chunks, parts = max(1, -(-n // chunk)), []
    with progress_bar("mapping", n_chunks, delay=2) as progress:
        for i in range(n_chunks):
            rows = slice(n * i // n_chunks, n * (i + 1) // n_chunks)
            parts.append(_apply(net, x, rows, device).cpu())
            progress.update()
    return torch.cat(parts).numpy()


def _apply(net: nn.Module, x: Matrix, rows: slice, device: torch.device) -> Tensor:
    layers = _layers(net)
    if isinstance(x, csr_array) and layers and isinstance(layers[0], Directions):
        return nn.Sequential(*layers[1:])(layers[0].of_sparse(x[rows]).to(device))
    return net(torch.from_numpy(dense_rows(x, rows)).to(device))


def _layers(net: nn.Module) -> list[nn.Module]:
    """Return what a net applies one after the other, in order."""
    if isinstance(net, nn.Sequential):
        return [layer for part in net for layer in _layers(part)]
    return [net]


def map_through(x: Matrix, device: torch.device, *nets: nn.Sequential) -> Matrix:
    """Apply nets, one after the other, to the rows of x, shape (n, d).

    Where all are without layers, and so the identity, x itself is returned: it may be sparse, or a
    memory map.
    """
    return map_in_chunks(nn.Sequential(*nets), x, device) if any(map(len, nets)) else x
