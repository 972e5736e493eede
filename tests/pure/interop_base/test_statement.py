"""Which of two statements is the newer one (case 4)."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import statement
from interop_base_tools.statement import build, is_newer

NOON = datetime(2026, 1, 31, 12)
LATER = NOON + timedelta(hours=1)


def stated(microseconds=0, sequence=None, message=1, arrived=LATER, epoch=None):
    """Return a statement about a moment after noon."""
    moment = NOON + timedelta(microseconds=microseconds)
    return build(moment, arrived, sequence, epoch, message)


@pytest.mark.parametrize(
    "first, second", [(100_000, 900_000), (0, 1), (999_999, 10**6)]
)
def test_microseconds_count(first, second):
    assert is_newer(stated(second, message=2), stated(first))
    assert not is_newer(stated(first, message=2), stated(second))


def test_ties_go_by_sequence_and_equal_never_wins():
    assert is_newer(stated(sequence=8, message=2), stated(sequence=7))
    assert not is_newer(stated(sequence=7, message=2), stated(sequence=8))
    assert not is_newer(stated(sequence=7, message=2), stated(sequence=7))
    assert not is_newer(stated(message=2), stated())
    assert not is_newer(stated(sequence=7, message=2), stated())
    assert not is_newer(stated(message=2), stated(sequence=7))
    assert is_newer(stated(sequence=10, message=2), stated(sequence=9))


def test_a_new_epoch_restarts_the_numbers():
    assert is_newer(
        stated(sequence=1, epoch=3, message=2), stated(sequence=900, epoch=2)
    )


def test_one_message_states_two_things():
    assert is_newer(stated(message=5), stated(message=5))


def test_a_fast_clock_does_not_block_later_statements():
    ahead = build(LATER, NOON, None, None, 1)
    assert is_newer(stated(10, arrived=LATER, message=2), ahead)


def test_two_moments_ahead_are_compared_with_each_other():
    soon = NOON + timedelta(minutes=5)
    newer = build(soon + timedelta(milliseconds=9), NOON, None, None, 1)
    older = build(soon, NOON + timedelta(minutes=1), None, None, 2)
    assert not is_newer(older, newer)
    assert is_newer(newer, older)
    assert not is_newer(build(soon, soon - timedelta(seconds=1), None, None, 3), older)


def test_a_clock_that_was_set_right_counts_again():
    ahead = build(LATER, NOON, None, None, 1)
    soon = NOON + timedelta(minutes=5)
    assert is_newer(build(soon, NOON + timedelta(minutes=1), None, None, 2), ahead)


def test_statements_of_older_versions_are_read():
    assert is_newer("2026-01-31T12:00:00.123456", "2026-01-31T12:00:00.123Z")
    assert not is_newer("2026-01-31T12:00:00.123000", "2026-01-31T12:00:00.123Z")
    assert not is_newer("2026-01-31T12:00:00.122999", "2026-01-31T12:00:00.123Z")


MOMENTS = st.integers(0, 3)
STATEMENTS = st.builds(
    stated, MOMENTS, st.none() | st.integers(1, 3), st.integers(1, 10**6)
)


@given(STATEMENTS, STATEMENTS)
def test_at_most_one_of_two_is_newer(first, second):
    both = is_newer(first, second) and is_newer(second, first)
    assert not both or statement.parse(first).message == statement.parse(second).message


@given(STATEMENTS, STATEMENTS)
def test_the_database_may_compare_texts_of_different_moments(first, second):
    moments = [statement.parse(text).moment for text in (first, second)]
    if moments[0] != moments[1]:
        assert (first > second) == (moments[0] > moments[1])
