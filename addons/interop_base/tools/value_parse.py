"""Conversion of a JSON value of a message to a field value: formats in reverse.

It is the counterpart of :mod:`value_format`, with the same kinds and formats. It is
strict: an ambiguous value is refused and never repaired. Times are naive and in UTC, as
in Odoo. ``None`` and empty text mean no value.
"""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from . import rfc3339, text
from .value_format import (
    BOOLEAN_WORDS,
    DECIMAL_PATTERN,
    FORMATS,
    FormatError,
    exact,
)

MAX_INTEGER = 2**31 - 1
MAX_AMOUNT = Decimal(10) ** 15  # beyond it, a double loses cents
_EXPECTED = {
    "text": "text",
    "integer": "a whole number",
    "decimal": "a number that Odoo can store exactly",
    "boolean": "true or false",
    "date": "a date",
    "datetime": "a date and time with an offset from UTC",
}


def reader(kind: str, form: str | None = None, timezone: str = "UTC"):
    """Return ``read(value) -> value of the field``, ``None`` for no value.

    :param kind: as for :func:`value_format.writer`
    :param form: as for :func:`value_format.writer`
    :param timezone: IANA name of the time zone of the facility
    :raises FormatError: the format does not fit this kind; ``read`` raises it as well,
        without the value, if it cannot read the value
    """
    if form and kind not in FORMATS[form].kinds:
        raise FormatError(f"The format “{FORMATS[form].label}” does not fit {kind}.")
    read = _reader(kind, form, timezone)

    def strict(value):
        if value is None or value == "":
            return None
        try:
            return read(value)
        except (ValueError, ArithmeticError, TypeError):
            raise FormatError(f"The value must be {_EXPECTED[kind]}.") from None

    return strict


def internal(kind: str, text: str):
    """Return the field value of a text in a value map or a fixed value.

    Booleans are ``true`` and ``false``, numbers plain, dates ISO 8601.

    :raises FormatError: the text does not fit the kind
    """
    return reader(kind, "true_false" if kind == "boolean" else None)(text)


def _reader(kind, form, timezone):
    """Return the reading function; it may raise any error of a wrong value."""
    if kind == "boolean":
        words = BOOLEAN_WORDS.get(form, (False, True))
        return lambda value: _word(value, words)
    if kind in ("date", "datetime"):
        return _moment_reader(kind, form, ZoneInfo(timezone))
    return {
        "text": lambda value: _text(value, form),
        "integer": _whole,
        "decimal": lambda value: float(_number(value)),
    }[kind]


def _word(value, words):
    """Return which of two words the value is; 1 is not the same as true."""
    for truth, word in enumerate(words):
        if value == word and isinstance(value, type(word)):
            return bool(truth)
    raise ValueError


def _text(value, form):
    """Return text; a number that is a code is accepted in its written form."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or text.has_control(value):
        raise ValueError
    if text.is_blank(value):
        raise FormatError("The text has no visible characters.")
    value = text.clean(value, lines=True)
    change = {"upper": str.upper, "lower": str.lower, "trim": str.strip}.get(form)
    return change(value) if change else value


def _number(value):
    """Return an exact number from a JSON number or decimal text."""
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, str) and not re.fullmatch(DECIMAL_PATTERN, value):
        raise ValueError
    number = Decimal(repr(value) if isinstance(value, float) else value)
    if not number.is_finite() or abs(number) >= MAX_AMOUNT:
        raise ValueError
    if exact(float(number)) != number:
        raise ValueError  # Odoo stores a double, which would round it
    return number


def _whole(value):
    number = _number(value)
    if number != number.to_integral_value() or abs(number) > MAX_INTEGER:
        raise ValueError
    return int(number)


def _moment_reader(kind, form, zone):
    """Return the reading function for dates and times."""
    if kind == "date":
        return _compact_day if form == "date_compact" else _day
    if form in ("date", "date_compact"):
        day = _compact_day if form == "date_compact" else _day
        return lambda value: _midnight(day(value), zone)
    if form == "epoch":
        return _from_epoch
    return _compact_moment if form == "datetime_compact" else _moment


def _day(value):
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError
    return date.fromisoformat(value)


def _compact_day(value):
    if not re.fullmatch(r"\d{8}", value):
        raise ValueError
    return datetime.strptime(value, "%Y%m%d").date()


def _midnight(day, zone):
    """Return the time at which the day begins at the facility."""
    return _utc(datetime(day.year, day.month, day.day, tzinfo=zone))


def _moment(value):
    return _utc(rfc3339.parse(value))


def _compact_moment(value):
    if not re.fullmatch(r"\d{14}[+-]\d{4}", value):
        raise ValueError
    return _utc(datetime.strptime(value, "%Y%m%d%H%M%S%z"))


def _from_epoch(value):
    return _utc(datetime.fromtimestamp(_whole(value), UTC))


def _utc(moment):
    """Return the naive UTC time in whole seconds, as Odoo stores it."""
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)
