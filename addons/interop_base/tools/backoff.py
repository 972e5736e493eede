"""Retry schedules: text for people, seconds for the engine, words for the screen.

A schedule has one entry per try: the seconds to wait before it, counted from the end of
the try before. So ``"0s, 5s, 5m"`` is three tries: at once, 5 seconds later, 5 minutes
after that.
"""

import random
import re
from collections.abc import Sequence

from .errors import ScheduleError

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
UNIT_NAMES = {"s": "second", "m": "minute", "h": "hour", "d": "day"}
MAX_TRIES = 50
MAX_DELAY = 30 * UNITS["d"]
MIN_JITTER, MAX_JITTER = 1, 100  # percent
DEFAULT_SCHEDULE = "0s, 5s, 5m, 30m, 2h, 5h, 10h, 14h, 20h, 24h"

_PART = re.compile(r"([0-9]{1,9})\s*([smhd])")


def parse_schedule(text: str) -> tuple[int, ...]:
    """Return the seconds of a schedule such as ``"0s, 5s, 5m, 30m, 2h, 5h, 10h"``.

    Units are s, m, h and d; 1 to 50 parts; no part over 30 days. Raises ScheduleError
    that says which part is wrong and what to write.
    """
    if not isinstance(text, str) or not text.strip():
        raise ScheduleError("The schedule is empty; write for example 0s, 5s, 5m, 30m.")
    parts = text.strip().split(",")
    if len(parts) > MAX_TRIES:
        raise ScheduleError(
            f"The schedule has {len(parts)} tries; {MAX_TRIES} is the most."
        )
    return tuple(_parse_part(part, number) for number, part in enumerate(parts, 1))


def total_seconds(schedule: Sequence[int]) -> int:
    """Return the time from the first to the last try, in seconds, without jitter."""
    return sum(schedule)


def summary(schedule: Sequence[int]) -> tuple[int, int, str]:
    """Return (tries, amount, unit letter): how many tries over about how long.

    The span is rounded to the largest unit of which there are at least two, so that 26
    hours stay hours and 60 hours become 3 days.
    """
    total = total_seconds(schedule)
    unit = next((u for u in "dhm" if total >= 2 * UNITS[u]), "s")
    return len(schedule), (total + UNITS[unit] // 2) // UNITS[unit], unit


def describe(schedule: Sequence[int]) -> str:
    """Return the schedule in words: "8 tries over 3 days", "1 try, at once"."""
    tries, amount, unit = summary(schedule)
    counted = f"{tries} {'try' if tries == 1 else 'tries'}"
    if not amount:
        return f"{counted}, at once"
    span = f"{amount} {UNIT_NAMES[unit]}{'' if amount == 1 else 's'}"
    return f"{counted}, after {span}" if tries == 1 else f"{counted} over {span}"


def next_delay(
    schedule: Sequence[int], tries_done: int, jitter_percent: int, rng: random.Random
) -> float | None:
    """Return the seconds to wait before the next try, or None when the tries are spent.

    ``tries_done`` counts the tries already made. Jitter moves the delay by up to
    ``jitter_percent`` either way and is never off: the percentage is brought into 1 to
    100. The result is never negative; a delay of 0 stays 0.
    """
    if tries_done < 0:
        raise ScheduleError("The number of tries made is never negative.")
    if tries_done >= len(schedule):
        return None
    share = min(max(jitter_percent, MIN_JITTER), MAX_JITTER) / 100
    return max(0.0, schedule[tries_done] * (1 + rng.uniform(-share, share)))


def _parse_part(part, number):
    """Return the seconds of one part of a schedule."""
    match = _PART.fullmatch(part.strip().lower())
    if not match:
        shown = part.strip()[:20]
        raise ScheduleError(
            f'"{shown}" is not a delay; write a number and s, m, h or d, such as 30m.',
            number,
        )
    seconds = int(match[1]) * UNITS[match[2]]
    if seconds > MAX_DELAY:
        raise ScheduleError("a delay of more than 30 days is not allowed.", number)
    return seconds
