"""Rates: a sliding window over two fixed ones, handed out in portions.

Workers do not ask the database for every request. They take a portion of what is left
of a window and use it up without asking; portions shrink as the rest does, so that
nothing worth mentioning stays with a worker when the limit comes near. What was handed
out counts as used: a limit is never exceeded.
"""

import math
from typing import NamedTuple

WINDOW = 60  # seconds
PORTION = 100  # a portion is at most this part of the limit
SPREAD = 20  # and this part of the rest


class Counter(NamedTuple):
    """What a window has seen: its number since 1970, its hits, the hits before it."""

    window: int = 0
    hits: int = 0
    before: int = 0


class Grant(NamedTuple):
    """What a worker got: how many requests until ``ends`` (Unix seconds), none when the
    limit is reached; then ``wait`` is in how many seconds to try again.

    ``left`` is what nobody has taken yet.
    """

    counter: Counter
    granted: int
    left: int
    ends: float
    wait: int


def take(counter: Counter, now: float, limit: int) -> Grant:
    """Return the portion that a worker gets at ``now`` (Unix seconds) of ``limit``
    requests per window, with the counter as it is afterwards."""
    window, hits, before = rolled(counter, now)
    ends = float((window + 1) * WINDOW)
    share = (ends - now) / WINDOW  # of the window before that still counts
    rest = limit - hits - math.ceil(before * share)
    if rest < 1:
        state = Counter(window, hits, before)
        return Grant(state, 0, 0, ends, _wait(state, ends - now, limit))
    granted = max(1, min(limit // PORTION, rest // SPREAD))
    state = Counter(window, hits + granted, before)
    return Grant(state, granted, rest - granted, ends, 0)


def rolled(counter: Counter, now: float) -> Counter:
    """Return the counter in the window of ``now``; a clock set back starts anew."""
    window = int(now // WINDOW)
    if counter.window == window:
        return counter
    before = counter.hits if counter.window == window - 1 else 0
    return Counter(window, 0, before)


def _wait(counter, remaining, limit):
    """Return in how many seconds (at least 1) one more request fits."""
    free = limit - counter.hits
    if free >= 1:
        # The window before fades: until its share leaves room for one.
        seconds = remaining - WINDOW * (free - 1) / max(counter.before, 1)
    else:
        # Only when this window fades in turn, in the next one.
        seconds = remaining + WINDOW * (1 - (limit - 1) / max(counter.hits, 1))
    return max(1, math.ceil(seconds))
