"""Formats of mapping lines, on the way in."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools.value_format import FORMATS, FormatError, writer
from interop_base_tools.value_parse import internal, reader

MOMENT = datetime(2026, 1, 31, 23, 30, 5)


@pytest.mark.parametrize(
    "kind, form, value, expected",
    [
        ("text", None, " a ", " a "),
        ("text", "trim", " a ", "a"),
        ("text", "upper", "åsa", "ÅSA"),
        ("text", None, 4711, "4711"),
        ("integer", None, 7, 7),
        ("integer", "decimals", "7.00", 7),
        ("integer", None, 7.0, 7),
        ("decimal", None, "12.50", 12.5),
        ("decimal", "number", 0.1, 0.1),
        ("boolean", None, False, False),
        ("boolean", "y_n", "N", False),
        ("boolean", "one_zero", "1", True),
        ("date", None, "2026-01-31", date(2026, 1, 31)),
        ("date", "date_compact", "20260131", date(2026, 1, 31)),
        ("datetime", None, "2026-01-31T23:30:05Z", MOMENT),
        ("datetime", "datetime_local", "2026-02-01T00:30:05+01:00", MOMENT),
        ("datetime", "datetime_compact", "20260201003005+0100", MOMENT),
        ("datetime", "date", "2026-02-01", datetime(2026, 1, 31, 23, 0)),
        ("datetime", "epoch", 1769902205, MOMENT),
        ("text", None, "", None),
        ("integer", None, None, None),
    ],
)
def test_read(kind, form, value, expected):
    found = reader(kind, form, "Europe/Stockholm")(value)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    "kind, form, value",
    [
        ("text", None, True),
        ("text", None, ["a"]),
        ("text", None, "a\x00b"),
        ("integer", None, True),
        ("integer", None, "7 pieces"),
        ("integer", None, 7.5),
        ("integer", None, 2**31),
        ("decimal", None, "1,5"),
        ("decimal", None, "NaN"),
        ("decimal", None, float("inf")),
        ("decimal", None, 10**15),
        ("decimal", None, "1e3"),
        ("decimal", None, "1.00000000000000001"),
        ("decimal", None, "0.1234567890123456789"),
        ("boolean", None, 1),
        ("boolean", None, "TRUE"),
        ("boolean", "y_n", "y"),
        ("boolean", "one_zero", True),
        ("date", None, "20260131"),
        ("date", None, "2026-02-30"),
        ("date", "date_compact", "2026-01-31"),
        ("datetime", None, "2026-01-31T23:30:05"),
        ("datetime", None, "2026-01-31"),
        ("datetime", None, 512345),
        ("datetime", "datetime_compact", "20260131233005"),
        ("datetime", "epoch", "soon"),
        ("datetime", "epoch", 10**15),
    ],
)
def test_an_ambiguous_value_is_refused_without_showing_it(kind, form, value):
    with pytest.raises(FormatError) as caught:
        reader(kind, form)(value)
    assert str(value) not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_format_that_does_not_take_the_kind_is_refused():
    with pytest.raises(FormatError):
        reader("text", "epoch")


@given(
    st.sampled_from(
        [(kind, form) for form, item in FORMATS.items() for kind in item.kinds]
    ),
    st.datetimes(datetime(1971, 1, 1), datetime(2037, 12, 31)),
    st.integers(-(10**6), 10**6),
    st.booleans(),
)
def test_written_values_are_read_back(pair, moment, number, truth):
    kind, form = pair
    value = {
        "text": "x",
        "integer": number,
        "decimal": float(number),
        "boolean": truth,
        "date": moment.date(),
        "datetime": moment.replace(microsecond=0),
    }[kind]
    if kind == "datetime" and form in ("date", "date_compact"):
        value = value.replace(hour=0, minute=0, second=0)
    wire = writer(kind, form, "UTC")(value, 2)
    back = reader(kind, form, "UTC")(wire)
    assert back == (wire if kind == "text" else value)


def test_fixed_values():
    assert internal("boolean", "true") is True
    assert internal("integer", "12") == 12
    assert internal("date", "2026-01-31") == date(2026, 1, 31)
    with pytest.raises(FormatError):
        internal("boolean", "yes")
