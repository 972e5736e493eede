"""Periods as FHIR writes them."""

from datetime import MAXYEAR, UTC, datetime, timedelta

DATE_LENGTH = len("2000-01-31")
LAST = datetime.max.replace(microsecond=0)  # noqa: DTZ901 (naive UTC, as the ORM)


def moment(text, is_end=False):
    """Return a naive UTC ``datetime`` of an ISO 8601 date or date-time, None for none.

    A date alone starts at midnight; as an end it includes its whole day, as FHIR says.
    A date-time without an offset is read as UTC. The last day there is, which some
    write for "for ever", ends with the last moment there is. Raises ValueError for
    anything else.
    """
    if not text:
        return None
    value = datetime.fromisoformat(text)
    try:
        if len(text) == DATE_LENGTH:
            return value + timedelta(days=1) if is_end else value
        if value.tzinfo:
            value = value.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        if value.year == MAXYEAR and is_end:
            return LAST
        raise ValueError("the moment is beyond the calendar") from None
    return value.replace(microsecond=0)
