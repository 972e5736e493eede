"""Every standard of python-stdnum that a namespace may name: spellings that the standard
treats as equal have one comparing form, and the check runs on what was written (cases 2
and 3).

The numbers are the documented examples of python-stdnum itself, read at test time.
"""

import doctest
import pkgutil
import re
from datetime import date
from functools import cache

import pytest
import stdnum
from hypothesis import given, settings
from hypothesis import strategies as st
from interop_identifier_tools import checkdigit
from interop_identifier_tools.normalization import (
    CASES,
    SEPARATORS,
    Rule,
    normalize,
    written_forms,
)
from interop_setup.examples import examples as tries

TODAY = date(2026, 11, 30)
CALL = re.compile(r"(?:validate|is_valid|compact|format)\(\s*'([^']+)'\s*\)")
# Numbers that the documentation does not give in a form that can be read.
MORE = {"mu.nid": ["C1503840010367"]}
SEPARATOR_SIGNS = " -./:"


def names():
    """The names of all standards that a namespace may name."""
    found = []
    for module in pkgutil.walk_packages(stdnum.__path__, "stdnum."):
        country, _dot, number = module.name.removeprefix("stdnum.").partition(".")
        name = f"{country.rstrip('_')}.{number}"
        if number and checkdigit.has_standard(name):
            found.append(name)
    return sorted(set(found))


NAMES = names()


@cache
def module_of(name):
    """The module of a standard."""
    return checkdigit._standard(name)


@cache
def examples(name):
    """Valid numbers of a standard, as its documentation writes them."""
    module = module_of(name)
    parser = doctest.DocTestParser()
    texts = [example.source for example in parser.get_examples(module.__doc__ or "")]
    found = [number for text in texts for number in CALL.findall(text)]
    found += MORE.get(name, [])
    return sorted({number for number in found if checkdigit.is_standard(number, name)})


NUMBERS = [(name, number) for name in NAMES for number in examples(name)]


@st.composite
def spellings(draw):
    """A standard, a number of it, and another spelling that the standard itself reads
    as the same number."""
    name, number = draw(st.sampled_from(NUMBERS))
    module = module_of(name)
    spelled = list(number)
    for _change in range(draw(st.integers(1, 3))):
        change = draw(st.sampled_from(("insert", "drop", "case", "wide", "around")))
        place = draw(st.integers(0, len(spelled) - 1))
        tried = list(spelled)
        if change == "insert":
            tried.insert(place, draw(st.sampled_from(SEPARATOR_SIGNS)))
        elif change == "drop" and tried[place] in SEPARATOR_SIGNS:
            del tried[place]
        elif change == "case":
            tried[place] = tried[place].swapcase()
        elif change == "wide" and tried[place].isdigit() and tried[place].isascii():
            tried[place] = chr(0xFF10 + int(tried[place]))
        elif change == "around":
            tried = [" ", *tried, "\u200b"]
        text = "".join(tried)
        plain = written_forms(text, Rule())[0]
        if checkdigit.is_standard(plain, name) and (
            module.compact(plain) == module.compact(number)
        ):
            spelled = tried
    return name, number, "".join(spelled)


def test_every_standard_has_an_example():
    assert len(NAMES) > 200
    assert [name for name in NAMES if not examples(name)] == []


@settings(max_examples=tries(400), deadline=None)
@given(spellings())
def test_spellings_of_one_number_compare_equal(case):
    name, number, spelled = case
    rule = Rule(standard=name)
    assert normalize(spelled, rule, TODAY) == normalize(number, rule, TODAY)


@pytest.mark.parametrize("name", NAMES)
def test_numbers_that_differ_stay_apart(name):
    """Unless the standard itself says that they are one."""
    module, seen = module_of(name), {}
    for number in examples(name):
        form = normalize(number, Rule(standard=name), TODAY)
        other = seen.setdefault(form, number)
        same = module.validate(number) == module.validate(other)
        assert same or name in checkdigit._EQUAL, (number, other)


@settings(max_examples=tries(400), deadline=None)
@given(
    st.sampled_from(NUMBERS),
    st.builds(
        Rule, st.sampled_from(CASES), st.sampled_from(sorted(SEPARATORS)), st.booleans()
    ),
)
def test_the_check_runs_on_what_was_written(example, rule):
    """Case 3: whatever does not count when values are compared."""
    name, number = example
    forms = written_forms(number, rule)
    assert checkdigit.passes("standard", forms, standard=name)


@settings(max_examples=tries(400), deadline=None)
@given(
    st.one_of(spellings(), st.tuples(st.sampled_from(NAMES), st.just(""), st.text())),
    st.sampled_from(CASES),
    st.sampled_from(sorted(SEPARATORS)),
    st.booleans(),
)
def test_the_comparing_form_compares_to_itself(case, letters, separators, zeros):
    name, _number, text = case
    rule = Rule(letters, separators, zeros, standard=name)
    once = normalize(text, rule, TODAY)
    assert normalize(once, rule, TODAY) == once


@settings(max_examples=tries(300), deadline=None)
@given(st.sampled_from(NAMES), st.text(max_size=20))
def test_any_text_gets_an_answer(name, text):
    assert checkdigit.is_standard(text, name) in (True, False)
    assert isinstance(checkdigit.canonical(text, name, TODAY), str)


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("gb.nhs", ["943 476 5870", "943-476-5870", "9434765870", " 9434765870\n"]),
        ("gb.nhs", ["943 476 5871", "943-476-5871", "9434765871"]),  # fails its check
        ("nl.bsn", ["12345672", "012345672", "0123.45.672"]),
        ("dk.cpr", ["211062-5629", "2110625629", "211062 5629"]),
        (
            "se.personnummer",
            ["880320-0016", "8803200016", "19880320-0016", "198803200016"],
        ),
        ("se.personnummer", ["121212+1212", "19121212-1212", "19121212+1212"]),
        ("se.personnummer", ["701063-2391", "19701063-2391"]),  # coordination number
        ("fi.hetu", ["131052-308T", "131052-308t"]),
        ("ch.vat", ["CHE-107.787.577 IVA", "CHE107787577MWST", "CHE-107.787.577 TVA"]),
        ("pe.cui", ["10117410-2", "10117410"]),
        ("it.aic", ["009CVD", "000307052"]),
        ("hr.oib", ["HR 33392005961", "33392005961"]),
    ],
)
def test_published_spellings(name, spelled):
    rule = Rule(standard=name)
    assert len({normalize(text, rule, TODAY) for text in spelled}) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("880320-0016", "880320+0016"),  # a hundred years older
        ("19880320-0016", "18880320-0016"),
        ("260320-0016", "270320-0016"),
    ],
)
def test_centuries_stay_apart(first, second):
    rule = Rule(standard="se.personnummer", separators="punctuation")
    assert normalize(first, rule, TODAY) != normalize(second, rule, TODAY)


def test_a_number_without_century_is_of_the_last_hundred_years():
    rule = Rule(standard="se.personnummer")
    for year, text in (
        ("2026", "260320-0016"),
        ("1927", "270320-0016"),
        ("1926", "260320+0016"),
        ("1827", "270320+0016"),
    ):
        assert normalize(text, rule, TODAY) == f"{year}{text[2:6]}-{text[-4:]}"
    assert normalize("260320-0016", rule) == "260320-0016", "no day, no century"


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("fi.hetu", "131052-308T", Rule(separators="punctuation")),
        ("pl.pesel", "02070803628", Rule(drop_leading_zeros=True)),
        ("fi.hetu", "ID 131052-308T", Rule("upper", "punctuation", True, "^ID")),
        ("no.fodselsnummer", "15108695088", Rule(separators="punctuation")),
        ("is.kennitala", "450401 3150", Rule(separators="spaces")),
    ],
)
def test_the_check_needs_what_does_not_compare(name, value, rule):
    assert checkdigit.passes("standard", written_forms(value, rule), standard=name)
    last = value[:-1] + ("0" if value[-1] != "0" else "1")
    assert not checkdigit.passes("standard", written_forms(last, rule), standard=name)


def test_a_pattern_sees_leading_zeros_and_separators():
    rule = Rule("upper", "punctuation", True)
    for pattern in (r"00[0-9]{4}[A-Z]", r"00[0-9]{2}-[0-9]{2}[A-Z]"):
        forms = written_forms("0012-34a", rule)
        assert checkdigit.passes("regex", forms, pattern=pattern)
