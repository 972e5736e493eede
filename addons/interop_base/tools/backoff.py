"""Retry schedules: parse the text of a schedule, compute delays, describe it in words.

A schedule has one entry per attempt: the seconds to wait before it, counted from the
end of the previous attempt. So ``"0s, 5s, 5m"`` means three attempts: one immediately,
one 5 seconds later, and one 5 minutes after that.
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

    Units are s, m, h and d. A schedule has 1 to 50 parts of at most 30 days each.

    :raises ScheduleError: with the wrong part and the correct form
    """
    if not isinstance(text, str) or not text.strip():
        raise ScheduleError("The schedule is empty. Write for example 0s, 5s, 5m, 30m.")
    parts = text.strip().split(",")
    if len(parts) > MAX_TRIES:
        raise ScheduleError(
            f"The schedule has {len(parts)} attempts, but at most {MAX_TRIES} are "
            f"allowed."
        )
    return tuple(_parse_part(part, number) for number, part in enumerate(parts, 1))


def total_seconds(schedule: Sequence[int]) -> int:
    """Return the time from the first to the last attempt in seconds, without jitter."""
    return sum(schedule)


def summary(schedule: Sequence[int]) -> tuple[int, int, str]:
    """Return ``(attempts, amount, unit letter)``, where amount and unit are the total
    time.

    The time is rounded to the largest unit with an amount of at least two. So 26 hours
    stay hours, and 60 hours become 3 days.
    """
    total = total_seconds(schedule)
    unit = next((u for u in "dhm" if total >= 2 * UNITS[u]), "s")
    return len(schedule), (total + UNITS[unit] // 2) // UNITS[unit], unit


def describe(schedule: Sequence[int]) -> str:
    """Return the schedule in words: "8 attempts over 3 days", "1 attempt,
    immediately"."""
    tries, amount, unit = summary(schedule)
    counted = f"{tries} {'attempt' if tries == 1 else 'attempts'}"
    if not amount:
        return f"{counted}, immediately"
    span = f"{amount} {UNIT_NAMES[unit]}{'' if amount == 1 else 's'}"
    return f"{counted}, after {span}" if tries == 1 else f"{counted} over {span}"


def next_delay(
    schedule: Sequence[int], tries_done: int, jitter_percent: int, rng: random.Random
) -> float | None:
    """Return the seconds to wait before the next attempt, ``None`` if none is left.

    The jitter changes the delay by up to ``jitter_percent`` in both directions. The
    percentage is limited to 1 to 100, so that there is always jitter. A delay of 0
    stays 0.

    :param tries_done: number of attempts already made
    """
    if tries_done < 0:
        raise ScheduleError("The number of attempts cannot be negative.")
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
            f'"{shown}" is not a delay. Write a number and s, m, h or d, such as 30m.',
            number,
        )
    seconds = int(match[1]) * UNITS[match[2]]
    if seconds > MAX_DELAY:
        raise ScheduleError("the delay is longer than 30 days.", number)
    return seconds
