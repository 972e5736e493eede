"""Rate limits: a sliding window of two fixed ones, granted in portions.

A worker does not query the database for each request. It takes a portion of the
remaining requests of a window, and uses it without further queries. Portions become
smaller near the limit, so that little remains unused. A granted portion counts as used:
a limit is never exceeded.
"""

import math
from typing import NamedTuple

WINDOW = 60  # seconds
PORTION = 100  # a portion is at most this fraction (1/100) of the limit
SPREAD = 20  # and this fraction (1/20) of the remaining requests


class Counter(NamedTuple):
    """The counts of a window: its number since 1970, its hits, hits of the one
    before."""

    window: int = 0
    hits: int = 0
    before: int = 0


class Grant(NamedTuple):
    """The portion of a worker: ``granted`` requests until ``ends`` (Unix seconds).

    At the limit nothing is granted, and ``wait`` is the number of seconds until the
    next attempt. ``left`` is the number of requests that no worker has taken yet.
    """

    counter: Counter
    granted: int
    left: int
    ends: float
    wait: int


def take(counter: Counter, now: float, limit: int) -> Grant:
    """Return the portion for a worker at ``now`` (Unix seconds) of ``limit`` requests
    per window, with the updated counter."""
    window, hits, before = rolled(counter, now)
    ends = float((window + 1) * WINDOW)
    share = (ends - now) / WINDOW  # share of the previous window that still counts
    rest = limit - hits - math.ceil(before * share)
    if rest < 1:
        state = Counter(window, hits, before)
        return Grant(state, 0, 0, ends, _wait(state, ends - now, limit))
    granted = max(1, min(limit // PORTION, rest // SPREAD))
    state = Counter(window, hits + granted, before)
    return Grant(state, granted, rest - granted, ends, 0)


def rolled(counter: Counter, now: float) -> Counter:
    """Return the counter for the window of ``now``; it restarts if the clock went
    back."""
    window = int(now // WINDOW)
    if counter.window == window:
        return counter
    before = counter.hits if counter.window == window - 1 else 0
    return Counter(window, 0, before)


def _wait(counter, remaining, limit):
    """Return the seconds (at least 1) until one more request is allowed."""
    free = limit - counter.hits
    if free >= 1:
        # The share of the previous window shrinks until one request fits.
        seconds = remaining - WINDOW * (free - 1) / max(counter.before, 1)
    else:
        # A request fits only in the next window, when the share of this one shrinks.
        seconds = remaining + WINDOW * (1 - (limit - 1) / max(counter.hits, 1))
    return max(1, math.ceil(seconds))
