"""Rates, without Odoo."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import rates

START = 1_700_000_040  # a window begins
assert START % rates.WINDOW == 0


def drain(limit, now, counter=None):
    """Take whatever there is at one moment; return how much, and the counter."""
    counter, total = counter or rates.Counter(), 0
    while True:
        grant = rates.take(counter, now, limit)
        counter = grant.counter
        if not grant.granted:
            return total, grant
        total += grant.granted


@given(st.integers(1, 1_000_000), st.floats(0, 59.9))
def test_all_of_the_limit_and_no_more(limit, offset):
    assert drain(limit, START + offset)[0] == limit


@given(
    st.integers(1, 500),
    st.lists(st.tuples(st.floats(0, 90), st.integers(1, 300)), max_size=30),
)
def test_no_window_s_end_lets_twice_the_limit_through(limit, pauses):
    """However requests come, a window and what still counts of the one before stay
    within the limit."""
    counter, now = rates.Counter(), float(START)
    for pause, tries in pauses:
        now += pause
        for _number in range(tries):
            grant = rates.take(counter, now, limit)
            counter = grant.counter
            share = (grant.ends - now) / rates.WINDOW
            used = counter.hits + counter.before * share
            assert not grant.granted or used <= limit + 1e-6
            assert counter.hits <= limit


@pytest.mark.parametrize("limit", [1, 2, 10, 97, 6000])
@pytest.mark.parametrize("offset", [0, 0.5, 30, 59.5])
def test_a_caller_that_waits_as_told_is_accepted(limit, offset):
    _total, grant = drain(limit, START + offset)
    now = START + offset
    for _round in range(3):
        assert grant.wait >= 1
        now += grant.wait
        total, grant = drain(limit, now, grant.counter)
        assert total >= 1


def test_portions_are_large_first_and_single_in_the_end():
    assert rates.take(rates.Counter(), START, 6000).granted == 60
    assert rates.take(rates.Counter(), START, 60).granted == 1
    near = rates.Counter(START // rates.WINDOW, 5990, 0)
    assert rates.take(near, START, 6000).granted == 1


def test_windows():
    counter = rates.Counter(START // rates.WINDOW, 40, 7)
    assert rates.rolled(counter, START + 59) == counter
    assert rates.rolled(counter, START + 60) == (counter.window + 1, 0, 40)
    assert rates.rolled(counter, START + 120) == (counter.window + 2, 0, 0)
    assert rates.rolled(counter, START - 1) == (counter.window - 1, 0, 0)
