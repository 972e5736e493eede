"""Periods in the form of FHIR."""

import re
from datetime import datetime, timedelta

LAST = datetime.max.replace(microsecond=0)  # noqa: DTZ901 (naive UTC, as the ORM)

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OFFSET = re.compile(r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})\Z")
_LAST_YEAR = "9999"


def moment(text, is_end=False, *, read_time):
    """Return a naive UTC ``datetime`` of an ISO 8601 date or date-time, None for none.

    A date starts at midnight; as an end it includes the whole day (FHIR, Period). A
    date-time without an offset is UTC. The last possible day, which some senders write
    for "no end", ends with the last possible moment.

    :param read_time: ``rfc3339.parse`` of ``interop_base``
    :raises ValueError: for any other text
    """
    if not text:
        return None
    if _DATE.fullmatch(text):
        day = datetime.fromisoformat(text)
        if is_end:
            return LAST if day.date() == LAST.date() else day + timedelta(days=1)
        return day
    if not _OFFSET.search(text):
        text += "Z"
    try:
        value = read_time(text)
    except ValueError:
        if not (is_end and text.startswith(_LAST_YEAR)):
            raise
        # In UTC it would be after the last representable year, although one year
        # earlier it is valid.
        read_time("9998" + text.removeprefix(_LAST_YEAR))
        return LAST
    return value.replace(microsecond=0, tzinfo=None)
