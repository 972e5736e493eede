"""Read the times of third parties in a body as UTC.

A date, or a time without an offset, needs a configured time zone. If the format is not
configured, times before 1990 or more than a day ahead are unreadable: such values are
placeholders or other numbers.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

AUTO, UNIX, UNIX_MS = "auto", "unix", "unix_ms"
FORMS = (AUTO, UNIX, UNIX_MS)

MAX_TEXT = 64  # characters
_MICROSECONDS = {UNIX: 10**6, UNIX_MS: 10**3}
# The number of digits before the point determines the unit. Twelve digits of seconds
# would be after the year 5138; eleven digits of milliseconds would be before 1973.
_UNITS = ((12, Decimal(10**6)), (15, Decimal(10**3)), (18, Decimal(1)))
_NANOSECOND = Decimal("0.001")
_NUMBER = re.compile(r"([0-9]{1,20})(?:\.[0-9]{1,20})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = datetime.fromisoformat("1990-01-01")
_AHEAD = timedelta(days=1)
# The format of HL7 v2: a day, a minute, or a second. No number with that many digits is a
# plausible time since 1970, so the format is unambiguous.
_COMPACT = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{2})([0-9]{2})?)?"
)

_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:[.,][0-9]+)?)?"
    r" ?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
# RFC 5322 3.3 and 4.3. Python would read other zone names as UTC.
_MAIL = re.compile(
    r"(?:[A-Za-z]{3}, )?[0-9]{1,2} [A-Za-z]{3} [0-9]{4} [0-9]{2}:[0-9]{2}(?::[0-9]{2})? "
    r"(?:[+-][0-9]{4}|GMT|UTC?|[ECMP][SD]T)"
)


def read(value, form: str, zone: str, read_time, now: datetime) -> datetime | None:
    """Return the time in a value as naive UTC, None if the value cannot be read.

    Supported formats are numbers (or texts of digits) since 1970, RFC 3339, ISO 8601,
    dates, compact times (``20260102120000``), and dates of e-mail (RFC 5322).

    :param value: any JSON value
    :param form: ``unix`` or ``unix_ms`` for numbers of that unit only; ``auto`` for every
        format, with the unit of a number by its length
    :param zone: IANA name of the time zone of texts without an offset, or ``""``
    :param read_time: ``rfc3339.parse`` of ``interop_base``
    :param now: current time, naive UTC
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    text = value.strip() if isinstance(value, str) else format(Decimal(str(value)), "f")
    if not text or len(text) > MAX_TEXT:
        return None
    try:
        number = _NUMBER.fullmatch(text)
        if form != AUTO:
            return _since_1970(text, number[1], form) if number else None
        if compact := _compact(text, now):
            moment = _of_iso(*compact, None, zone, read_time)
        elif number:
            moment = _since_1970(text, number[1], form)
        else:
            moment = _of_text(text, zone, read_time)
    except (ValueError, OverflowError):
        return None
    return moment if moment and _FIRST <= moment <= now + _AHEAD else None


def _compact(text, now):
    """Return date, time and seconds of a compact time, None for any other text."""
    match = _COMPACT.fullmatch(text)
    if not match or not _FIRST.year <= int(match[1]) <= now.year + 1:
        return None
    year, month, day, hour, minute, second = match.groups()
    clock = f"{hour}:{minute}" if hour else None
    return f"{year}-{month}-{day}", clock, f":{second}" if second else None


def _since_1970(text, whole, form):
    """Return the time of a number; zero is a placeholder and has no time."""
    factor = _MICROSECONDS.get(form)
    if not factor:
        digits = len(whole.lstrip("0"))
        factor = next((unit for end, unit in _UNITS if digits < end), _NANOSECOND)
    microseconds = int(Decimal(text) * factor)
    if not microseconds:
        return None
    return _naive(_EPOCH + timedelta(microseconds=microseconds))


def _of_text(text, zone, read_time):
    """Return the time of a text, None without an offset and a time zone."""
    if match := _ISO.fullmatch(text):
        return _of_iso(*match.groups(), zone, read_time)
    if _MAIL.fullmatch(text):
        moment = parsedate_to_datetime(text)
        # For "-0000" Python returns no offset. It means UTC in an unknown place.
        return _naive(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return None


def _of_iso(day, clock, seconds, offset, zone, read_time):
    """Return the time of the parts of an ISO 8601 text."""
    seconds = (seconds or ":00").replace(",", ".")
    local = f"{day}T{clock or '00:00'}{seconds}"
    if offset:
        if offset not in "Zz":
            digits = offset[1:].replace(":", "").ljust(4, "0")
            offset = f"{offset[0]}{digits[:2]}:{digits[2:]}"
        return _naive(read_time(local + offset))
    if not zone:
        return None
    return _naive(read_time(local + "Z").replace(tzinfo=ZoneInfo(zone)))


def _naive(moment):
    """Return an aware datetime as naive UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None)
