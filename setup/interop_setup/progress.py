"""Print the progress of the set-up and the time of each step."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def say(text: str) -> None:
    """Print one line immediately, also if the output is a pipe."""
    print(text, flush=True)


def warn(text: str) -> None:
    """Print one line on the error stream immediately."""
    print(f"warning: {text}", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """Format seconds: ``3.2 s``, ``2 min 05 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print a step, and at its end the result and the time."""
    say(f"==> {title} …")
    start = time.monotonic()
    try:
        yield
    except BaseException:
        say(f"    failed after {duration(time.monotonic() - start)}: {title}")
        raise
    say(f"    done in {duration(time.monotonic() - start)}")
