"""Retry schedules."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import backoff
from interop_base_tools.errors import ScheduleError

DELAYS = st.lists(st.integers(0, backoff.MAX_DELAY), min_size=1, max_size=50).map(tuple)


def test_parse():
    assert backoff.parse_schedule("0s, 5s, 5m, 30m, 2h, 5h, 10h") == (
        0, 5, 300, 1800, 7200, 18000, 36000,
    )  # fmt: skip
    assert backoff.parse_schedule(" 1 D ,2H") == (86400, 7200)
    assert len(backoff.parse_schedule(backoff.DEFAULT_SCHEDULE)) == 10


@pytest.mark.parametrize(
    "text, part",
    [
        ("", None),
        ("  ", None),
        (None, None),
        ("5", 1),
        ("0s, 5x", 2),
        ("0s,,5s", 2),
        ("0s, 5s,", 3),
        ("-5s", 1),
        ("1.5h", 1),
        ("٥s", 1),
        ("0s, 31d", 2),
        (",".join(["1s"] * 51), None),
    ],
)
def test_parse_says_which_part_is_wrong(text, part):
    with pytest.raises(ScheduleError) as caught:
        backoff.parse_schedule(text)
    assert caught.value.part == part
    assert part is None or f"Part {part} " in str(caught.value)


@pytest.mark.parametrize(
    "text, words",
    [
        ("0s", "1 attempt, immediately"),
        ("5s", "1 attempt, after 5 seconds"),
        ("0s, 0s", "2 attempts, immediately"),
        ("0s, 1s", "2 attempts over 1 second"),
        ("0s, 90s", "2 attempts over 90 seconds"),
        ("0s, 5m", "2 attempts over 5 minutes"),
        ("0s, 26h", "2 attempts over 26 hours"),
        ("0s, 5s, 5m, 30m, 2h, 5h, 10h, 54h", "8 attempts over 3 days"),
        (backoff.DEFAULT_SCHEDULE, "10 attempts over 3 days"),
    ],
)
def test_describe(text, words):
    assert backoff.describe(backoff.parse_schedule(text)) == words


@given(DELAYS, st.integers(0, 60), st.integers(-50, 300), st.randoms())
def test_next_delay_is_bounded_and_never_negative(schedule, done, jitter, rng):
    delay = backoff.next_delay(schedule, done, jitter, rng)
    if done >= len(schedule):
        assert delay is None
        return
    share = min(max(jitter, 1), 100) / 100
    assert 0 <= delay
    assert schedule[done] * (1 - share) - 1e-6 <= delay
    assert delay <= schedule[done] * (1 + share) + 1e-6


@pytest.mark.parametrize("jitter", [-5, 0, 1, 20])
def test_jitter_is_always_applied(jitter):
    rng = random.Random(7)
    delays = {backoff.next_delay((3600,), 0, jitter, rng) for _ in range(50)}
    assert len(delays) == 50


def test_tries_made_are_never_negative():
    with pytest.raises(ScheduleError):
        backoff.next_delay((1,), -1, 10, random.Random(1))


def test_total():
    assert backoff.total_seconds((0, 5, 300)) == 305
