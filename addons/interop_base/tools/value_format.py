"""Conversion of a field value to a JSON value of a message: formats of mapping lines.

A value is text, a whole number, a decimal number, a boolean, a date or a datetime
(naive and in UTC, as in Odoo). Without a format, numbers with a fraction become decimal
text, so that no reader rounds them. Times become RFC 3339 text.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from .envelope import format_timestamp
from .errors import InteropError

_NOISE = Decimal("1e-15")  # as a fraction of the number
_MAX_NOISY = 1e12  # beyond it, 15 digits are not enough for a fraction
DECIMAL_PATTERN = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"


class FormatError(InteropError):
    """A value does not fit its format; the text names kinds, but not the value."""

    code = "format"


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its label, the kinds of value it accepts, and the schema of its
    result."""

    label: str
    kinds: tuple
    schema: dict


_TEXT = {"type": "string"}
_NUMBERS = ("integer", "decimal")
_MOMENTS = ("datetime",)
_DAYS = ("date", "datetime")

FORMATS = {
    "upper": Format("UPPER CASE", ("text",), _TEXT),
    "lower": Format("lower case", ("text",), _TEXT),
    "trim": Format("Without surrounding spaces", ("text",), _TEXT),
    "decimals": Format(
        "Number as text, fixed decimals",
        _NUMBERS,
        {"type": "string", "pattern": DECIMAL_PATTERN},
    ),
    "number": Format("Number (JSON)", _NUMBERS, {"type": "number"}),
    "integer": Format("Whole number, rounded", _NUMBERS, {"type": "integer"}),
    "date": Format("Date: 2026-01-31", _DAYS, {"type": "string", "format": "date"}),
    "date_compact": Format(
        "Date: 20260131", _DAYS, {"type": "string", "pattern": "^[0-9]{8}$"}
    ),
    "datetime_utc": Format(
        "Date and time in UTC: 2026-01-31T07:30:00Z",
        _MOMENTS,
        {"type": "string", "format": "date-time"},
    ),
    "datetime_local": Format(
        "Date and time at the facility: 2026-01-31T08:30:00+01:00",
        _MOMENTS,
        {"type": "string", "format": "date-time"},
    ),
    "datetime_compact": Format(
        "Date and time at the facility: 20260131083000+0100 (HL7)",
        _MOMENTS,
        {"type": "string", "pattern": "^[0-9]{14}[+-][0-9]{4}$"},
    ),
    "epoch": Format("Seconds since 1970 (Unix)", _MOMENTS, {"type": "integer"}),
    "true_false": Format("true / false as text", ("boolean",), _TEXT),
    "yes_no": Format("yes / no", ("boolean",), _TEXT),
    "y_n": Format("Y / N", ("boolean",), _TEXT),
    "one_zero": Format("1 / 0 as text", ("boolean",), _TEXT),
}

_DEFAULT_SCHEMAS = {
    "text": _TEXT,
    "integer": {"type": "integer"},
    "decimal": {"type": "string", "pattern": DECIMAL_PATTERN},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
}
BOOLEAN_WORDS = {
    "true_false": ("false", "true"),
    "yes_no": ("no", "yes"),
    "y_n": ("N", "Y"),
    "one_zero": ("0", "1"),
}


def schema_of(kind: str, form: str | None) -> dict:
    """Return a new JSON Schema of a ``kind`` of value in a format."""
    if form in BOOLEAN_WORDS:
        return {"enum": list(BOOLEAN_WORDS[form])}
    return dict(FORMATS[form].schema if form else _DEFAULT_SCHEMAS[kind])


# Formats that show a time as a date or time at the facility.
LOCAL_FORMATS = ("date", "date_compact", "datetime_local", "datetime_compact")


def needs_timezone(kind: str | None, form: str | None) -> bool:
    """Return whether the format needs a time zone for a value of ``kind``."""
    return kind == "datetime" and form in LOCAL_FORMATS


def writer(kind: str, form: str | None, timezone: str = "UTC"):
    """Return ``write(value, decimals) -> JSON value`` for one kind of value and format.

    ``decimals`` (int or None) is the number of digits after the point. It applies to
    the format ``decimals``, and to decimal text without a format.

    :param timezone: IANA name of the time zone of the facility
    :raises FormatError: the format does not fit this kind of value
    """
    if form and kind not in FORMATS[form].kinds:
        raise FormatError(f"The format “{FORMATS[form].label}” does not fit {kind}.")
    if form in BOOLEAN_WORDS:
        words = BOOLEAN_WORDS[form]
        return lambda value, decimals: words[bool(value)]
    if form in LOCAL_FORMATS:
        return _local_writer(form, ZoneInfo(timezone))
    return _WRITERS[form or kind]


def decimal_text(number, decimals: int | None = None) -> str:
    """Return a number as decimal text, without exponent and grouping.

    :param decimals: round half up to this number of digits; ``None``: all digits
    """
    value = exact(number)
    if decimals is not None:
        value = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = format(value, "f")
    if decimals is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.lstrip("-") if value == 0 else text


def exact(number) -> Decimal:
    """Return the decimal that a number stands for.

    The last digits of a double may result from arithmetic, as in 39.483000000000004. If
    a decimal with 15 digits is close enough, it is returned instead.
    """
    if not isinstance(number, float):
        return Decimal(number)
    written, meant = Decimal(repr(number)), Decimal(format(number, ".15g"))
    if number.is_integer() or abs(number) >= _MAX_NOISY:
        return written
    return meant if abs(meant - written) <= abs(written) * _NOISE else written


def _local_writer(form, zone):
    """Return the writing function of a format that shows the time at the facility."""

    def at_facility(value):
        if isinstance(value, datetime):
            return value.replace(tzinfo=UTC).astimezone(zone).replace(microsecond=0)
        return value

    shapes = {
        "date": lambda moment: _day(moment).isoformat(),
        "date_compact": lambda moment: f"{_day(moment):%Y%m%d}".zfill(8),
        "datetime_local": lambda moment: moment.isoformat(),
        "datetime_compact": lambda moment: f"{moment:%Y%m%d%H%M%S%z}",
    }
    shape = shapes[form]
    return lambda value, decimals: shape(at_facility(value))


def _day(value):
    """Return the date of a date or datetime."""
    return value.date() if isinstance(value, datetime) else value


def _whole(value, decimals):
    """Round half up to a whole number."""
    return int(exact(value).quantize(Decimal(1), ROUND_HALF_UP))


def _epoch(value, decimals):
    """Return whole seconds since 1970."""
    return int(value.replace(tzinfo=UTC).timestamp())


def _number(value, decimals):
    """Return a JSON number without the errors of arithmetic."""
    return float(exact(value)) if isinstance(value, float) else value


_WRITERS = {
    "text": lambda value, decimals: str(value),
    "integer": _whole,
    "decimal": lambda value, decimals: decimal_text(value, decimals),
    "decimals": lambda value, decimals: decimal_text(
        value, 2 if decimals is None else decimals
    ),
    "boolean": lambda value, decimals: bool(value),
    "date": lambda value, decimals: date.isoformat(value),
    "datetime": lambda value, decimals: format_timestamp(value),
    "datetime_utc": lambda value, decimals: format_timestamp(
        value.replace(microsecond=0)
    ),
    "upper": lambda value, decimals: str(value).upper(),
    "lower": lambda value, decimals: str(value).lower(),
    "trim": lambda value, decimals: str(value).strip(),
    "number": _number,
    "epoch": _epoch,
}
