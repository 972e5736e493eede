"""Dates of birth (case 10)."""

from datetime import date, datetime

from interop_care_tools.birth import latest_birth_date


def test_today_is_where_the_day_begins_first():
    assert latest_birth_date(datetime(2026, 1, 31, 9, 59)) == date(2026, 1, 31)
    assert latest_birth_date(datetime(2026, 1, 31, 10)) == date(2026, 2, 1)
