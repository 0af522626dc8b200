"""How a training is asked to end: between two of its steps, where its state can be saved."""

from collections.abc import Iterator
from contextlib import contextmanager


class Stopped(KeyboardInterrupt):
    """The process was asked to end by the signal `number`."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class StopRequests:
    """Where a training learns that its process has to end: signals are of a process as a whole."""

    def __init__(self) -> None:
        self.number = 0  # the signal; 0: none
        self.can_wait = False  # a training comes to a step's end soon, and saves its state there

    def ask(self, number: int) -> None:
        """Stop, by raising `Stopped`: at once, or in a training that saves when a step ends.

        Who asks again is not kept waiting.
        """
        waits = self.can_wait and not self.number
        self.number = number
        if not waits:
            raise Stopped(number)

    @contextmanager
    def at_steps(self) -> Iterator[None]:
        """Let requests inside the block wait for the end of a step."""
        self.can_wait = True
        try:
            yield
        finally:
            self.can_wait = False
        self.obey()

    def obey(self) -> None:
        """Raise `Stopped` if that was asked for."""
        if self.number:
            raise Stopped(self.number)


stop_requests = StopRequests()
