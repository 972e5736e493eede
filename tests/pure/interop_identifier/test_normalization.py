"""One spelling per identifier."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_identifier_tools.normalization import CASES, SEPARATORS, Rule, normalize

RULES = st.builds(
    Rule, st.sampled_from(CASES), st.sampled_from(sorted(SEPARATORS)), st.booleans()
)


@pytest.mark.parametrize(
    ("value", "rule", "expected"),
    [
        (" 123 ", Rule(), "123"),
        ("12 3", Rule(), "12 3"),
        ("12 3", Rule(separators="spaces"), "123"),
        ("12-3.4/5 6", Rule(separators="punctuation"), "123456"),
        ("12‑3", Rule(separators="punctuation"), "123"),
        ("aB1", Rule(case="upper"), "AB1"),
        ("aB1", Rule(case="lower"), "ab1"),
        ("00120", Rule(drop_leading_zeros=True), "120"),
        ("000", Rule(drop_leading_zeros=True), "0"),
        ("mrn-0012", Rule("upper", "punctuation", True, "^MRN"), "12"),
        ("12X3", Rule(ignored="[A-Z]"), "123"),
        ("MRN", Rule(ignored="^MRN"), ""),
        ("１２３", Rule(), "123"),
        ("12\u200b3", Rule(), "123"),
        ("12\x003", Rule(), "123"),
        ("   ", Rule(), ""),
        ("", Rule(drop_leading_zeros=True), ""),
    ],
)
def test_examples(value, rule, expected):
    assert normalize(value, rule) == expected


@given(st.text(max_size=60), RULES)
def test_normalizing_twice_changes_nothing(value, rule):
    once = normalize(value, rule)
    assert normalize(once, rule) == once


@given(st.text(max_size=60), RULES)
def test_outer_blanks_never_count(value, rule):
    assert normalize(f"  {value}\n", rule) == normalize(value, rule)
