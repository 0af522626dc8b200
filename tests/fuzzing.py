"""What the fuzz tests share: odd values, damage to bytes, and limits of time and memory."""

import resource
import signal
import traceback
import warnings
from contextlib import contextmanager

import numpy as np
from hypothesis import strategies as st

from spectralnet.errors import SpectralNetError

MEMORY = 3 * 2**30  # bytes, beside what the process has
ODD_INTEGERS = st.sampled_from([0, -1, 1, 2, 3, 10**6, 10**9, 10**12, 2**31, 2**63, 10**400])
ODD_FLOATS = st.sampled_from([0.5, 1e-300, 1e30, 1e308, np.nan, np.inf, -np.inf, -0.0])
ODD_NUMBERS = ODD_INTEGERS | ODD_FLOATS
SCALARS = st.none() | st.booleans() | ODD_NUMBERS | st.integers(-3, 300) | st.text(max_size=5)
ODD_JSON = (
    SCALARS
    | st.lists(SCALARS, max_size=4)
    | st.lists(st.integers(1, 5), max_size=4)
    | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)
)


def changed(tree, value, generator):
    """Put a value somewhere into a tree of dictionaries and lists, or drop something."""
    if not isinstance(tree, dict | list) or not tree or generator.random() < 0.02:
        return value
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    key = keys[generator.integers(len(keys))]
    copy = tree.copy()
    if generator.random() < 0.1:
        del copy[key]
    else:
        copy[key] = changed(tree[key], value, generator)
    return copy


@st.composite
def damaged(draw, content: bytes) -> bytes:
    """Cut bytes off, overwrite some, put some in, or replace all."""
    start = draw(st.integers(0, len(content)))
    n = draw(st.integers(0, 16))
    some = draw(st.binary(max_size=16))
    return draw(
        st.sampled_from(
            [
                content[:start],
                content[:start] + some + content[start + n :],
                content[:start] + some + content[start:],
                content[:start] + content[start:][::-1],
                some,
            ]
        )
    )


@contextmanager
def at_once(seconds: int = 20):
    """Fail what takes longer than this, or more memory than `MEMORY`."""

    def late(*_):
        raise AssertionError(f"not done within {seconds} s")

    with open("/proc/self/statm") as file:  # noqa: PTH123
        held = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    handler = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)


@contextmanager
def without_leaks():
    """Fail on each warning but ours, which say what to expect."""
    ours = r"\d+ of n_clusters|with \d+ connected components|the net tells \d+ of"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ours, UserWarning)
        yield


def refused(call, *arguments) -> bool:
    """Call, and say whether an error of ours, or of scikit-learn's checks, came of it."""
    try:
        call(*arguments)
    except SpectralNetError:
        return True
    except (ValueError, TypeError) as error:
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        if frame.f_globals["__name__"] != "sklearn.utils.validation":
            raise
        return True
    return False
