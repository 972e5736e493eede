"""Rules about dates of birth."""

from datetime import date, datetime, timedelta

EAST = timedelta(hours=14)  # the time zone in which each day begins first


def latest_birth_date(now: datetime) -> date:
    """Return the latest possible date of birth.

    It is today in the time zone that is furthest ahead, so that a newborn can be
    registered at every facility.

    :param now: the present moment, naive and in UTC
    """
    return (now + EAST).date()
