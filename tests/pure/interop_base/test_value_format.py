"""Formats of mapping lines."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools.schema import violations
from interop_base_tools.value_format import (
    FORMATS,
    FormatError,
    decimal_text,
    schema_of,
    writer,
)

MOMENT = datetime(2026, 1, 31, 23, 30, 5, 250000)
VALUES = {
    "text": "  Åsa ",
    "integer": 12,
    "decimal": 12.345,
    "boolean": True,
    "date": date(2026, 1, 31),
    "datetime": MOMENT,
}


@pytest.mark.parametrize(
    "kind, form, value, decimals, expected",
    [
        ("text", None, " a ", None, " a "),
        ("text", "upper", "åsa", None, "ÅSA"),
        ("text", "lower", "ÅSA", None, "åsa"),
        ("text", "trim", " a ", None, "a"),
        ("integer", None, 7, None, 7),
        ("decimal", None, 0.1, None, "0.1"),
        ("decimal", None, 12.0, None, "12"),
        # Case 21: the noise of arithmetic never leaves.
        ("decimal", None, 39.483000000000004, None, "39.483"),
        ("decimal", None, 0.1 + 0.2, None, "0.3"),
        ("decimal", "number", 39.483000000000004, None, 39.483),
        ("decimal", None, 123456789012345.67, None, "123456789012345.67"),
        ("decimal", None, 9007199254740991.0, None, "9007199254740991"),
        ("decimal", None, 1e-7, None, "0.0000001"),
        ("decimal", None, 12.0, 2, "12.00"),
        ("decimal", "decimals", 2.675, 2, "2.68"),
        ("decimal", "decimals", 2.5, 0, "3"),
        ("decimal", "decimals", 1.5, None, "1.50"),
        ("integer", "decimals", 7, 3, "7.000"),
        ("decimal", "number", 1.25, None, 1.25),
        ("decimal", "integer", 2.5, None, 3),
        ("decimal", "decimals", -0.001, 2, "0.00"),
        ("boolean", None, False, None, False),
        ("boolean", "true_false", True, None, "true"),
        ("boolean", "yes_no", False, None, "no"),
        ("boolean", "y_n", True, None, "Y"),
        ("boolean", "one_zero", False, None, "0"),
        ("date", None, date(2026, 1, 31), None, "2026-01-31"),
        ("date", "date_compact", date(2026, 1, 31), None, "20260131"),
        ("datetime", None, MOMENT, None, "2026-01-31T23:30:05.250000Z"),
        ("datetime", "datetime_utc", MOMENT, None, "2026-01-31T23:30:05Z"),
        ("datetime", "epoch", MOMENT, None, 1769902205),
    ],
)
def test_each_format_writes_as_its_label_describes(
    kind, form, value, decimals, expected
):
    written = writer(kind, form)(value, decimals)
    assert written == expected
    assert type(written) is type(expected)


@pytest.mark.parametrize(
    "form, expected",
    [
        ("date", "2026-02-01"),
        ("date_compact", "20260201"),
        ("datetime_local", "2026-02-01T00:30:05+01:00"),
        ("datetime_compact", "20260201003005+0100"),
    ],
)
def test_days_and_local_times_are_the_facilitys(form, expected):
    assert writer("datetime", form, "Europe/Stockholm")(MOMENT, None) == expected


def test_a_day_has_no_time_zone():
    assert (
        writer("date", "date", "Pacific/Auckland")(date(2026, 1, 31), None)
        == "2026-01-31"
    )


def test_a_format_refuses_other_kinds_without_naming_the_value():
    with pytest.raises(FormatError) as caught:
        writer("text", "date")
    assert "CANARY" not in str(caught.value)


def test_written_values_match_the_schema_of_their_format():
    for kind, value in VALUES.items():
        for form, known in FORMATS.items():
            if kind in known.kinds:
                written = writer(kind, form, "America/New_York")(value, 2)
                assert not violations(schema_of(kind, form), written), (kind, form)
        assert not violations(schema_of(kind, None), writer(kind, None)(value, None))


def test_schema_of_answers_a_copy():
    schema_of("text", None)["maxLength"] = 1
    assert schema_of("text", None) == {"type": "string"}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_decimal_text_is_exact_and_fits_the_contracts_pattern(number):
    text = decimal_text(number)
    written = Decimal(repr(number))
    if len(written.as_tuple().digits) <= 15 or number.is_integer():
        assert Decimal(text) == written
    assert abs(Decimal(text) - written) <= abs(written) * Decimal("1e-15")
    assert not violations(schema_of("decimal", None), text)


@given(st.floats(-1e12, 1e12), st.integers(0, 6))
def test_fixed_decimals_are_fixed(number, decimals):
    text = decimal_text(number, decimals)
    assert len(text.partition(".")[2]) == decimals
    assert not violations(schema_of("decimal", None), text)
