"""Check digits against published numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_identifier_tools import checkdigit

DIGITS = st.text("0123456789", min_size=1, max_size=18)


@pytest.mark.parametrize("value", ["1234567893", "1245319599"])
def test_npi_accepts_published_examples(value):
    assert checkdigit.is_npi(value)


@pytest.mark.parametrize(
    "value",
    [
        "1234567890",
        "123456789",
        "12345678930",
        "",
        "123456789X",
        "١٢٣٤٥٦٧٨٩٣",
        "9941339108",
    ],
)
def test_npi_refuses(value):
    assert not checkdigit.is_npi(value)


def test_luhn_accepts_the_textbook_number():
    assert checkdigit.is_luhn("79927398713")
    assert not checkdigit.is_luhn("79927398710")
    assert not checkdigit.is_luhn("0")


def test_mod11_is_the_example_of_the_hl7_standard():
    assert checkdigit.mod11_digit("1234567") == "4"
    assert checkdigit.is_mod11("12345674")
    assert not checkdigit.is_mod11("12345675")


@given(DIGITS)
def test_mod11_accepts_its_own_digit_and_no_other(number):
    right = checkdigit.mod11_digit(number)
    accepted = [d for d in "0123456789" if checkdigit.is_mod11(number + d)]
    assert accepted == [right]


def test_mod97_takes_letters():
    assert checkdigit.is_mod97(
        "9999123456789012141490"
    )  # ISO 7064, python-stdnum's example
    assert not checkdigit.is_mod97("9999123456789012141491")
    assert not checkdigit.is_mod97("ab c")


def test_standard_numbers_come_from_stdnum():
    assert checkdigit.is_standard("943 476 5870", "gb.nhs")
    assert not checkdigit.is_standard("9434765871", "gb.nhs")
    assert checkdigit.has_standard("nl.bsn")


@pytest.mark.parametrize(
    "name", ["", "nothing.here", "os", "..os", "gb", "__init__", "util"]
)
def test_unknown_standard_is_refused(name):
    assert not checkdigit.has_standard(name)
    with pytest.raises(LookupError):
        checkdigit.is_standard("1", name)


def test_regex_has_to_match_the_whole_value():
    assert checkdigit.is_valid("regex", "AB12", pattern="[A-Z]{2}[0-9]{2}")
    assert not checkdigit.is_valid("regex", "AB123", pattern="[A-Z]{2}[0-9]{2}")


def test_unknown_validator_is_an_error_and_not_a_pass():
    with pytest.raises(LookupError):
        checkdigit.is_valid("sometime", "1")


@given(st.text(max_size=40), st.sampled_from(["none", "npi", "luhn", "mod11", "mod97"]))
def test_any_text_gets_an_answer(value, validator):
    assert checkdigit.is_valid(validator, value) in (True, False)
