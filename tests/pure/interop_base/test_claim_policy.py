"""Which messages are claimed together, and whose turn it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import claim_policy
from interop_base_tools.claim_policy import Turns

PATIENCE = 2.0


def turns(suspects=False):
    """Turns of a run that begins with suspects, unless they had the turn before."""
    return Turns(suspects, PATIENCE)


@pytest.mark.parametrize(
    ("try_count", "attempt_count", "died"), [(0, 0, 0), (1, 1, 0), (2, 0, 2), (5, 3, 2)]
)
def test_who_waits_after_a_claim_without_a_result_was_with_a_dead_worker(
    try_count, attempt_count, died
):
    assert claim_policy.crashes(try_count, attempt_count) == died


def test_what_is_claimed_for_the_first_time_is_no_suspect():
    assert not claim_policy.is_suspect(1, 0)
    assert not claim_policy.is_suspect(4, 3), "its tries came back"
    assert claim_policy.is_suspect(2, 0)


def test_the_third_dead_worker_is_the_last():
    died = [claim_policy.is_poison(count) for count in range(5)]
    assert died == [False, False, False, True, True]


def test_suspects_and_the_others_take_turns():
    mine = turns()
    assert [mine.take(now, False) for now in range(4)] == [True, False, True, False]
    assert turns(suspects=True).take(0, False) is False


def test_nothing_is_claimed_beside_a_suspect_until_it_is_back():
    mine = turns()
    mine.take(10.0, False)
    mine.note(10.0, [(2, 0)])
    assert not mine.may_claim(10.1, 1)
    assert mine.may_claim(10.2, 0), "it came back"
    assert mine.may_claim(10.3, 1), "and what is out now is no suspect"


def test_a_slow_suspect_keeps_nobody_waiting_but_those_of_its_kind():
    mine = turns()
    mine.take(10.0, False)
    mine.note(10.0, [(1, 0), (2, 0)])
    assert mine.may_claim(10.0 + PATIENCE, 1)
    assert [mine.take(12.1, False) for _turn in range(4)] == 4 * [False]
    assert mine.take(12.0 + PATIENCE + 0.1, False) or mine.take(14.2, False)


def test_who_was_claimed_with_no_dead_worker_is_waited_for_by_nobody():
    mine = turns()
    mine.take(1.0, False)
    mine.note(1.0, [(1, 0), (3, 2)])
    assert mine.may_claim(1.0, 5)


def test_the_next_suspects_do_not_wait_for_a_turn_of_nobody():
    mine = turns(suspects=True)
    assert not mine.take(1.0, False)
    assert mine.pass_on(0)
    assert not mine.take(1.1, False), "then the others again"


def test_suspects_do_not_get_the_turn_beside_what_is_out_or_when_the_run_is_over():
    mine = turns(suspects=True)
    mine.take(1.0, False)
    assert not mine.pass_on(1)
    for _turn in range(2):
        assert not mine.take(2.0, True)
        assert not mine.pass_on(0)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=60),
    st.booleans(),
)
def test_both_kinds_go_on_whatever_comes_back(steps, first):
    """Neither kind waits for more than two turns while nothing is out."""
    mine, now, waited = turns(first), 100.0, {True: 0, False: 0}
    for out, suspect in steps:
        now += PATIENCE  # whoever is out for that long keeps nobody waiting
        assert mine.may_claim(now, out)
        turn = mine.take(now + PATIENCE, False)
        waited[turn], waited[not turn] = 0, waited[not turn] + 1
        assert max(waited.values()) <= 2
        if turn and suspect:
            mine.note(now, [(2, 0)])


def test_each_step_of_criticality_weighs_more_and_each_lane_has_a_share():
    weights = [claim_policy.weight(value, "near_real_time") for value in "0123"]
    assert weights == sorted(set(weights))
    assert claim_policy.weight("3", "batch") < weights[0]
    shares = [claim_policy.share(400, own, sum(weights)) for own in weights]
    assert shares[-1] > sum(shares[:-1])
    assert sum(shares) <= 400
    assert claim_policy.share(400, 1, 10**6) == 1
    assert claim_policy.share(400, weights[1], weights[1]) == 400
