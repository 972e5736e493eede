"""Periods as FHIR writes them."""

from datetime import UTC, datetime, timedelta

DATE_LENGTH = len("2000-01-31")


def moment(text, is_end=False):
    """Return a naive UTC ``datetime`` of an ISO 8601 date or date-time, None for none.

    A date alone starts at midnight; as an end it includes its whole day, as FHIR says.
    A date-time without an offset is read as UTC. Raises ValueError for anything
    else.
    """
    if not text:
        return None
    value = datetime.fromisoformat(text)
    if len(text) == DATE_LENGTH:
        return value + timedelta(days=1) if is_end else value
    if value.tzinfo:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return value.replace(microsecond=0)
