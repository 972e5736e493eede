"""Headers that announce the end of a contract version."""

from calendar import timegm
from datetime import UTC, date, datetime, time
from email.utils import format_datetime

DESCRIPTION = '</interop/v1/openapi.json>; rel="service-desc"'


def announcing(deprecated_at: datetime, sunset: date | None) -> dict[str, str]:
    """Return the headers of an answer about a deprecated version.

    :param deprecated_at: naive UTC, for ``Deprecation`` (RFC 9745)
    :param sunset: day on which the version ends, for ``Sunset`` (RFC 8594) at 00:00 UTC;
        None if the day is not set
    """
    headers = {
        "Deprecation": f"@{timegm(deprecated_at.utctimetuple())}",
        "Link": DESCRIPTION,
    }
    if sunset:
        end = datetime.combine(sunset, time(), UTC)
        headers["Sunset"] = format_datetime(end, usegmt=True)
    return headers
