"""Circuits: when a receiver is left alone, probed, and given up on."""

from datetime import datetime, timedelta

import pytest
from interop_base_tools import circuit

NOW = datetime(2026, 1, 31, 8, 30)
LIMITS = {"failures": 3, "seconds": 10}


def run(said, start=None, now=NOW, **options):
    state = start or circuit.Circuit()
    for item in said:
        state = circuit.after(state, item, now, **{**LIMITS, **options})
    return state


@pytest.mark.parametrize(
    ("outcome", "status", "error_class", "expected"),
    [
        ("done", 200, None, circuit.SUCCEEDED),
        ("deferred", None, None, circuit.NOTHING),
        ("retry", 503, "http_5xx", circuit.FAILED),
        ("retry", None, "timeout", circuit.FAILED),
        ("retry", None, "dns", circuit.FAILED),
        ("dead", 401, "auth", circuit.FAILED),
        ("retry", 429, "throttled", circuit.ANSWERED),
        ("dead", 422, "business_rule", circuit.ANSWERED),
        ("dead", None, "config", circuit.NOTHING),
    ],
)
def test_the_meaning_of_an_attempt(outcome, status, error_class, expected):
    assert circuit.meaning(outcome, status, error_class) == expected


def test_it_opens_after_failures_in_a_row_only():
    assert run([circuit.FAILED] * 2).state == circuit.CLOSED
    mixed = [circuit.FAILED] * 2 + [circuit.SUCCEEDED] + [circuit.FAILED] * 2
    assert run(mixed).state == circuit.CLOSED
    refused = [circuit.FAILED] * 2 + [circuit.ANSWERED] + [circuit.FAILED] * 2
    assert run(refused).state == circuit.CLOSED
    opened = run([circuit.FAILED] * 3)
    assert opened.state == circuit.OPEN
    assert opened.until == NOW + timedelta(seconds=10)


def test_zero_failures_never_open_it():
    assert run([circuit.FAILED] * 100, failures=0).state == circuit.CLOSED


def test_late_failures_do_not_prolong_an_open_one():
    opened = run([circuit.FAILED] * 3)
    later = run([circuit.FAILED] * 5, opened, NOW + timedelta(seconds=5))
    assert later.until == opened.until


def half_open(state):
    return circuit.Circuit(circuit.HALF_OPEN, state.failures, state.opened, state.until)


def test_the_wait_doubles_up_to_ten_minutes():
    state = run([circuit.FAILED] * 3)
    waits = []
    for _number in range(9):
        state = run([circuit.FAILED], half_open(state))
        waits.append((state.until - NOW).total_seconds())
    assert waits == [20, 40, 80, 160, 320, 600, 600, 600, 600]


@pytest.mark.parametrize("said", [circuit.SUCCEEDED, circuit.ANSWERED])
def test_a_probe_that_gets_through_closes_it(said):
    state = run([said], half_open(run([circuit.FAILED] * 3)))
    assert (state.state, state.failures, state.until) == (circuit.CLOSED, 0, None)


def test_a_probe_that_never_left_is_tried_again_soon():
    state = run([circuit.NOTHING], half_open(run([circuit.FAILED] * 3)))
    assert state.state == circuit.OPEN
    assert state.until == NOW + timedelta(seconds=circuit.PROBE_AGAIN)


def test_sustained_failure_needs_time_and_tries():
    state = run([circuit.FAILED, circuit.ANSWERED, circuit.FAILED])
    late = NOW + timedelta(hours=24)
    assert circuit.is_sustained(state, late, hours=24, failures=3)
    assert not circuit.is_sustained(state, late, hours=24, failures=4)
    assert not circuit.is_sustained(state, late, hours=25, failures=3)
    assert not circuit.is_sustained(state, late, hours=0, failures=1)
    assert not circuit.is_sustained(run([]), late, hours=24, failures=0)
    recovered = run([circuit.SUCCEEDED], state)
    assert not circuit.is_sustained(recovered, late, hours=24, failures=1)


def test_a_pause_asked_for_is_no_failure():
    state = run([circuit.ANSWERED] * 9, throttled=True)
    assert state.failing_count == 0
