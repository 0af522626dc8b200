"""Several processes, on one machine or more, that train one net together.

All of them draw the same minibatch from the same seed. Each computes a `share` of its rows; what a
loss needs of all rows comes back through `averaged`, `gathered` or `rolled`, with gradients. So a
loss is that of the whole minibatch, the same in each process, and the mean of their gradients is
its gradient. A process that is alone passes through here unchanged.
"""

import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed, nn

from spectralnet.errors import ParameterError, TrainingError
from spectralnet.nets.stopping import stop_requests
from spectralnet.progress import quiet

PATIENCE = timedelta(hours=2)  # with a process that is behind: it may have to wait for a lock
GRACE = 2  # seconds in which torchrun ends the processes that one has left

_n_processes = 1  # that train together; a group of the caller's own is left alone


@contextmanager
def joined(device: torch.device) -> Iterator[None]:
    """Train together with the other processes that torchrun started, inside the block.

    Parameters
    ----------
    device : torch.device
        A CPU, for which processes talk through gloo; or "cuda", of which each process on a machine
        takes a GPU of its own, through NCCL.

    Raises
    ------
    ParameterError
        If there are too few GPUs, or no way to talk on such a device.
    """
    global _n_processes
    if "LOCAL_RANK" not in os.environ:
        raise ParameterError("torchrun did not start this process: torchrun -m MODULE, or FILE.py")
    local, backends = int(os.environ["LOCAL_RANK"]), {"cpu": "gloo", "cuda": "nccl"}
    if device.type not in backends:
        raise ParameterError(f"device = {device.type} trains in one process: set processes: 1")
    if device.type == "cuda":
        if local >= torch.cuda.device_count():
            raise ParameterError(
                f"process {local + 1} on this machine finds {torch.cuda.device_count()} GPUs, and "
                "takes one of its own: lower processes, or set device: cpu"
            )
        torch.cuda.set_device(local)  # what "cuda" means from here on
    distributed.init_process_group(backends[device.type], timeout=PATIENCE)
    _n_processes = distributed.get_world_size()
    try:
        with nullcontext() if is_first() else quiet():
            yield
    finally:
        _n_processes = 1
        distributed.destroy_process_group()


def is_first() -> bool:
    """Say whether this process is alone, or the one that writes for all."""
    return _n_processes == 1 or distributed.get_rank() == 0


def share(rows: Tensor, dim: int = 0) -> Tensor:
    """Return this process's part of a minibatch, whose rows run along `dim`."""
    if _n_processes == 1:
        return rows
    if rows.shape[dim] < _n_processes:
        raise ParameterError(
            f"a minibatch of {rows.shape[dim]} rows for {_n_processes} processes: lower processes, "
            "or raise the batch_size"
        )
    return rows.tensor_split(_n_processes, dim)[distributed.get_rank()]


def averaged(mean: Tensor, n_rows: int) -> Tensor:
    """Turn a mean over this process's `n_rows` rows into the mean over all, of the same shape."""
    if _n_processes == 1:
        return mean
    total = _Total.apply(torch.cat([n_rows * mean.reshape(-1), mean.new_full((1,), n_rows)]))
    return (total[:-1] / total[-1]).view_as(mean)


def gathered(part: Tensor, n_rows: int) -> Tensor:
    """Return all `n_rows` rows, shape (m, k), of which `part` is this process's share."""
    if _n_processes == 1:
        return part
    at = torch.arange(n_rows).tensor_split(_n_processes)[distributed.get_rank()]
    before, after = int(at[0]), n_rows - 1 - int(at[-1])
    padded = [part.new_zeros(rows, *part.shape[1:]) for rows in (before, after)]
    return _Total.apply(torch.cat([padded[0], part, padded[1]]))


def rolled(part: Tensor) -> Tensor:
    """Move each row of the whole minibatch to the next row's place: this process's share of it."""
    if _n_processes == 1:
        return part.roll(1, 0)
    last = gathered(part[-1:], _n_processes)  # of each process
    return torch.cat([last[distributed.get_rank() - 1][None], part[:-1]])


def average_gradients(net: nn.Module) -> None:
    """Replace the gradients of a net by their means over the processes, in one message."""
    if _n_processes == 1:
        return
    gradients = [weight.grad for weight in net.parameters() if weight.grad is not None]
    total = _total(torch.cat([gradient.reshape(-1) for gradient in gradients])) / _n_processes
    parts = total.split([gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


def from_first(value: Any) -> Any:
    """Return what the first process holds, in all of them: of numbers, tensors, lists and dicts."""
    if _n_processes == 1:
        return value
    file = io.BytesIO()
    torch.save(value if is_first() else None, file)
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    content = torch.frombuffer(file.getbuffer(), dtype=torch.uint8).to(device)
    size = torch.tensor([len(content)], device=device)
    with _company():
        distributed.broadcast(size, 0)
        if not is_first():
            content = content.new_empty(int(size))
        distributed.broadcast(content, 0)
    return torch.load(
        io.BytesIO(content.cpu().numpy().tobytes()), map_location="cpu", weights_only=True
    )


class _Total(torch.autograd.Function):
    """The sum of a tensor over the processes; so is its gradient that of all their losses."""

    @staticmethod
    def forward(ctx: Any, part: Tensor) -> Tensor:
        return _total(part)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _total(gradient)


def _total(part: Tensor) -> Tensor:
    total = part.clone(memory_format=torch.contiguous_format)
    with _company():
        distributed.all_reduce(total)
    return total


@contextmanager
def _company() -> Iterator[None]:
    """Say that another process is gone, in place of what the network tells of it."""
    try:
        yield
    except RuntimeError as error:
        time.sleep(GRACE)
        stop_requests.obey()
        raise TrainingError("another process of this training ended: see what it says") from error
