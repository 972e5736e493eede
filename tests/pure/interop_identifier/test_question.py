"""When two questions are the same one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_identifier_tools import question

RECORD = st.tuples(st.sampled_from(["res.partner", "res.company"]), st.integers(1, 99))
ONE, TWO = ("res.partner", 1), ("res.partner", 2)


@given(RECORD, RECORD)
def test_a_pair_is_a_pair_whichever_comes_first(first, second):
    assert question.pair_key(first, second) == question.pair_key(second, first)
    assert question.same(1, first, second) == question.same(1, second, first)


@given(RECORD, RECORD, RECORD, RECORD)
def test_other_pairs_are_other_questions(one, two, three, four):
    same = {one, two} == {three, four}
    assert (question.pair_key(one, two) == question.pair_key(three, four)) == same


def test_facilities_ask_for_themselves():
    assert question.same(1, ONE, TWO).key != question.same(2, ONE, TWO).key


def test_records_of_two_models_are_a_conflict():
    assert question.same(1, ONE, TWO).kind == "duplicate"
    assert question.same(1, ONE, ("res.company", 1)).kind == "conflict"
    assert question.same(1, ONE, TWO, kind="merge").kind == "merge"


def test_names_of_authorities_are_kept_while_they_are_names():
    asked = question.authority(1, 2, "MERCY")
    assert (asked.kind, asked.subject) == ("namespace", "MERCY")
    assert question.authority(1, 2, "x" * 256).subject == ""
    keys = {question.authority(1, system, "MERCY").key for system in (2, 3)}
    assert len(keys) == 2


def test_what_stands_for_a_value_decides_and_the_value_is_not_there():
    asked = question.unknown(1, "res.partner", 7, "blind", question.mask("CANARY-1"))
    assert asked.subject == "••••-1"
    assert "CANARY" not in repr(asked)
    assert asked.creates
    assert asked.key != question.unknown(1, "res.partner", 7, "other", "").key
    assert asked.key != question.unknown(1, "res.partner", 7, "blind", "", False).key
    assert question.number(1, ONE, 7, "b").key != question.number(1, TWO, 7, "b").key


@pytest.mark.parametrize(
    ("value", "shown"), [("", "••••"), ("1234", "••••"), ("12345", "••••45")]
)
def test_mask(value, shown):
    assert question.mask(value) == shown


def test_an_answer_for_one_direction_is_none_for_the_other():
    toward = [question.same(1, ONE, TWO, "merge", toward=res_id) for res_id in (7, 8)]
    assert toward[0].key != toward[1].key
    assert toward[0]._replace(key="") == toward[1]._replace(key="")
