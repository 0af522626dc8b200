"""What all commands share: the option ``--device``, and errors as messages."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from spectralnet.errors import SpectralNetError

device_option = click.option(
    "--device", default="auto", show_default=True, help="Also cpu, cuda, cuda:1 or mps."
)


@contextmanager
def told(extra: str | None = None) -> Iterator[None]:
    """Turn what a user can mend into a message; a package that is missing is one of an extra's."""
    try:
        yield
    except BrokenPipeError:  # the reader, such as `head`, has enough: click ends quietly
        raise
    except ModuleNotFoundError as error:
        if extra is None:
            raise
        raise click.ClickException(
            f"{error.name} is not installed: pip install 'spectralnet-pipeline[{extra}]'"
        ) from error
    except (SpectralNetError, OSError) as error:
        raise click.ClickException(str(error)) from error
