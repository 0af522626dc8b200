"""Trainings as they go: bars, on terminals and in notebooks only, and whoever watches them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

from tqdm.asyncio import tqdm_asyncio
from tqdm.auto import tqdm

IN_NOTEBOOK = tqdm is not tqdm_asyncio  # where bars are widgets, if ipywidgets is there
TIMES = ("epoch", "learning_rate", "seconds")  # of a row of history, what no bar shows
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)

EndEpoch = Callable[[Mapping[str, float]], bool]  # takes its row of history; whether to stop
BeginEpoch = Callable[[], EndEpoch]
Watch = Callable[[str, int], AbstractContextManager[BeginEpoch]]  # takes a name and most epochs


def _unwatched(name: str, epochs: int) -> AbstractContextManager[BeginEpoch]:
    return nullcontext(lambda: lambda row: False)


_watch: ContextVar[Watch] = ContextVar("watch", default=_unwatched)


@contextmanager
def quiet(on: bool = True) -> Iterator[None]:
    """Show no progress bars inside the block, wherever it runs; or as around it, if not `on`."""
    token = _quiet.set(on or _quiet.get())
    try:
        yield
    finally:
        _quiet.reset(token)


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Tell `watch` of all trainings inside the block, of each epoch when it begins and ends."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


@contextmanager
def epochs_of(name: str, total: int, done: int = 0) -> Iterator[BeginEpoch]:
    """Show a training's progress, and tell whoever watches.

    Parameters
    ----------
    name : str
    total : int
        The most epochs.
    done : int, default=0
        Before the block.

    Yields
    ------
    callable
        To be called when an epoch begins; what it returns, when that ends, with its row of
        history. That says whether the training shall stop.
    """
    with progress_bar(name, total, done) as bar, _watch.get()(name, total) as begin:

        def begin_epoch() -> EndEpoch:
            end = begin()

            def end_epoch(row: Mapping[str, float]) -> bool:
                bar.set_postfix({name: row[name] for name in row if name not in TIMES})
                bar.update()
                return end(row)

            return end_epoch

        yield begin_epoch


def progress_bar(name: str, total: int | None = None, done: int = 0, delay: float = 0) -> tqdm:
    """Return a bar that stands at `done`.

    Parameters
    ----------
    name : str
    total : int, optional
        By default unknown: the bar counts.
    done : int, default=0
    delay : float, default=0
        Seconds before it shows; what then has long been over leaves nothing behind.
    """
    return tqdm(
        total=total,
        initial=done,
        desc=name,
        delay=delay,
        leave=delay == 0,
        disable=_quiet.get() or (False if IN_NOTEBOOK else None),  # None: unless a terminal
    )
