"""Progress bars, which show on terminals and in notebooks only."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from tqdm.asyncio import tqdm_asyncio
from tqdm.auto import tqdm

IN_NOTEBOOK = tqdm is not tqdm_asyncio  # where bars are widgets, if ipywidgets is there
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def quiet(on: bool = True) -> Iterator[None]:
    """Show no progress bars inside the block, wherever it runs."""
    token = _quiet.set(on)
    try:
        yield
    finally:
        _quiet.reset(token)


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
