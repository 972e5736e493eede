"""Texts that stand where a number is missing (case 1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_identifier_tools import placeholder
from interop_identifier_tools.normalization import Rule, normalize, visible

RULE = placeholder.read("\n".join(placeholder.WORDS), placeholder.PATTERN)
BLANK = (
    "\u3164\u115f\u1160\uffa0\u2800\u200b\u00ad\ufeff\u180e\u034f\u17b4\ufe0f\u00a0 \t"
)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "UNKNOWN",
            "unknown",
            "Unknown ",
            "UN-KNOWN",
            "ＵＮＫＮＯＷＮ",
            "N/A",
            "n.a.",
            "NA",
        ),
        *("000000000", "000-00-0000", "0", "0 000", "xxx", "XXXX"),
        *("none", "NULL", "(null)", "#N/A", "undefined", "NaN", "[object Object]"),
        *(
            "-",
            "--",
            "?",
            "...",
            '""',
            "neant",
            "N\u00e9ant",
            "Ne\u0301ant",
            "SIN NUMERO",
        ),
        *("\u3164", BLANK, "\u3164UNKNOWN\u200b"),
    ],
)
def test_these_identify_nobody(value):
    assert placeholder.is_placeholder(value, RULE)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "1",
            "7",
            "42",
            "1111",
            "999999999",
            "1234567890",
            "N1",
            "A-1",
            "W3",
            "XX",
            "MRN0000001",
        ),
        *(
            "9434765870",
            "012345672",
            "131052-308T",
            "1234567893",
            "12345",
            "NAN1",
            "0001",
        ),
    ],
)
def test_these_are_numbers(value):
    assert not placeholder.is_placeholder(value, RULE)


def test_the_list_of_a_namespace_counts():
    rule = placeholder.read("temp\n\n  No Card \n", "")
    assert placeholder.is_placeholder("TEMP", rule)
    assert placeholder.is_placeholder("no-card", rule)
    assert placeholder.is_placeholder(" - ", rule), "no letter and no digit"
    assert not placeholder.is_placeholder("000", rule)
    assert not placeholder.is_placeholder("UNKNOWN", rule)


@pytest.mark.parametrize("sign", BLANK)
def test_what_shows_nothing_is_nothing(sign):
    assert normalize(sign * 3, Rule()) == ""
    assert normalize(f"1{sign}", Rule()) == "1"
    assert not visible(sign).strip()


@given(st.text(max_size=40))
def test_any_text_gets_an_answer(value):
    assert placeholder.is_placeholder(value, RULE) in (True, False)
    assert placeholder.is_placeholder(value.upper(), RULE) in (True, False)


@given(st.sampled_from(placeholder.WORDS), st.sampled_from(" -./_"), st.integers(0, 20))
def test_spelling_does_not_help(word, sign, place):
    spelled = word[:place] + sign + word[place:]
    assert placeholder.is_placeholder(spelled.upper(), RULE) or word.upper() != word
