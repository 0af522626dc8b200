"""SIGTERM and Ctrl-C: a stage saves where it is, and ends; also with the DVC that runs it."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from spectralnet.nets.stopping import stop_requests

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
TWICE = 2.0  # seconds in which a second signal is the first, passed on by DVC, make or a shell
SOON = 0.05
PATIENCE = 5.0  # seconds that threads have to end after their process was asked to


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn SIGTERM and Ctrl-C inside the block into `Stopped`; a training saves its state first."""
    asked_at, asked_for = -TWICE, 0

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked_at, asked_for
        now, asked_for = time.monotonic(), asked_for if number == signal.SIGALRM else number
        if now - asked_at < TWICE:
            return
        if _swallowed_in(frame):
            signal.setitimer(signal.ITIMER_REAL, SOON)
            return
        asked_at = now
        stop_requests.ask(asked_for)

    heard = [n for n in SIGNALS if signal.getsignal(n) is not signal.SIG_IGN]  # as nohup sets it
    before = {number: signal.signal(number, ask) for number in (*heard, signal.SIGALRM)}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
        stop_requests.number = 0


def _swallowed_in(frame: FrameType | None) -> bool:
    """Say whether Python would print and forget what is raised: in finalisers, and some imports."""
    while frame:
        code = frame.f_code
        if code.co_name == "__del__" or code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def end_soon(status: int) -> None:
    """End the process with this status within `PATIENCE`, whatever its threads wait for.

    A signal that comes while a pool starts a thread may leave one of which the pool knows nothing:
    nobody wakes it, and Python would wait for it for ever.
    """
    last = threading.Timer(PATIENCE, os._exit, [status])
    last.daemon = True
    last.start()


def end_with_parent() -> None:
    """Stop this stage when the DVC that started it is gone.

    Else, where DVC alone is killed, the stage would run on beside that of the next DVC.
    """
    if "DVC_STAGE" not in os.environ:
        return
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()
