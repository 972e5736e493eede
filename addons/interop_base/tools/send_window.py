"""The hours of a day in which messages of a batch interface are processed."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

DAY = 24.0


def opens_at(now: datetime, start: float, end: float, zone: str) -> datetime | None:
    """Return when the window opens next, ``None`` while it is open.

    :param now: naive UTC
    :param start: hours after midnight in ``zone``, 0 to 24
    :param end: the same; a window that ends before it starts goes over midnight, and one
        that ends where it starts is always open
    :param zone: name of the time zone (IANA)
    :returns: naive UTC
    """
    if start % DAY == end % DAY:
        return None
    local = now.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone))
    hours = local.hour + local.minute / 60 + local.second / 3600
    inside = start <= hours < end if start < end else hours >= start or hours < end
    if inside:
        return None
    day = local.date() + timedelta(days=hours >= start)
    minutes = round(60 * start)
    opening = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) + timedelta(
        minutes=minutes
    )
    return opening.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
