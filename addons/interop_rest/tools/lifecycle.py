"""Headers that announce the end of a contract version."""

from calendar import timegm
from datetime import UTC, date, datetime, time
from email.utils import format_datetime

DESCRIPTION = '</interop/v1/openapi.json>; rel="service-desc"'


def announcing(deprecated_at: datetime, sunset: date | None) -> dict[str, str]:
    """Return the headers of an answer about a deprecated version.

    ``Deprecation`` (RFC 9745) is the moment ``deprecated_at`` (naive UTC), ``Sunset``
    (RFC 8594) the beginning of the day on which it ends, in UTC, when that is known.
    """
    headers = {
        "Deprecation": f"@{timegm(deprecated_at.utctimetuple())}",
        "Link": DESCRIPTION,
    }
    if sunset:
        end = datetime.combine(sunset, time(), UTC)
        headers["Sunset"] = format_datetime(end, usegmt=True)
    return headers
