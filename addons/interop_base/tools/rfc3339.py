"""The one reader of RFC 3339 date-times: every text with a time is read here."""

import re
from datetime import datetime, timedelta

from .errors import TimestampError

_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:)([0-9]{2})"
    r"(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_LEAP_SECOND = "60"
_LAST_MICROSECOND = 999_999


def parse(text: str) -> datetime:
    """Return the aware UTC datetime of an RFC 3339 date-time (section 5.6).

    ``t`` and ``z`` may be lower case, a fraction has any number of digits, the offset
    is required and may be ``-00:00``. A space instead of ``T`` is not in the grammar.
    Digits beyond microseconds are cut, never rounded.

    A leap second (23:59:60 in UTC) has no place in a Python datetime. It becomes the
    last microsecond of 23:59:59, so that it stays later than the second before it.

    :param text: the text as it was sent; anything but text is refused
    :raises TimestampError: for every other text; the error never holds the text
    """
    match = _DATE_TIME.fullmatch(text) if isinstance(text, str) else None
    moment = _moment(*match.groups()) if match else None
    if moment is None:
        raise TimestampError  # outside of any "except": its context would hold the text
    return moment


def _moment(day, clock, second, fraction, sign, hours, minutes):
    """Return the UTC moment of what was matched, None for one that does not exist."""
    is_leap = second == _LEAP_SECOND
    try:
        moment = datetime.fromisoformat(
            f"{day}T{clock}{'59' if is_leap else second}+00:00"
        )
        moment = _with_fraction(moment, fraction) - _offset(sign, hours, minutes)
    except (ValueError, OverflowError):
        return None
    if not is_leap:
        return moment
    if (moment.hour, moment.minute) != (23, 59):
        return None  # a leap second is inserted only before midnight in UTC
    return moment.replace(microsecond=_LAST_MICROSECOND)


def _with_fraction(moment, fraction):
    """Return the moment with the digits after the second, cut to microseconds."""
    digits = (fraction or "")[:6].ljust(6, "0")
    return moment.replace(microsecond=int(digits))


def _offset(sign, hours, minutes):
    """Return the offset from UTC; raises ValueError for one that no clock has."""
    if not sign:
        return timedelta()
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return -offset if sign == "-" else offset
