"""The only parser of RFC 3339 date-times in the suite."""

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

    ``t`` and ``z`` may be lower case. A fraction may have any number of digits; digits
    beyond microseconds are cut, not rounded. The offset is required and may be
    ``-00:00``. A space instead of ``T`` is not allowed.

    Python has no leap second (23:59:60 in UTC). It becomes the last microsecond of
    23:59:59, so that it stays later than the second before it.

    :param text: the received text; other types are refused
    :raises TimestampError: for all other values; the error does not contain the text
    """
    match = _DATE_TIME.fullmatch(text) if isinstance(text, str) else None
    moment = _moment(*match.groups()) if match else None
    if moment is None:
        raise TimestampError  # outside "except", whose context would contain the text
    return moment


def _moment(day, clock, second, fraction, sign, hours, minutes):
    """Return the UTC time of the matched parts, ``None`` if it does not exist."""
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
        return None  # leap seconds exist only before midnight in UTC
    return moment.replace(microsecond=_LAST_MICROSECOND)


def _with_fraction(moment, fraction):
    """Return the time with the digits after the second, cut to microseconds."""
    digits = (fraction or "")[:6].ljust(6, "0")
    return moment.replace(microsecond=int(digits))


def _offset(sign, hours, minutes):
    """Return the offset from UTC; raise ``ValueError`` if it is too large."""
    if not sign:
        return timedelta()
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return -offset if sign == "-" else offset
