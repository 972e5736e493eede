"""When a window is open, and when it opens next."""

from datetime import datetime

import pytest
from interop_base_tools import send_window

NOON = datetime(2026, 3, 2, 12)


@pytest.mark.parametrize(
    ("start", "end", "zone", "expected"),
    [
        (0, 0, "UTC", None),
        (0, 24, "UTC", None),
        (11, 13, "UTC", None),
        (12, 13, "UTC", None),
        (11, 12, "UTC", datetime(2026, 3, 3, 11)),
        (20, 22, "UTC", datetime(2026, 3, 2, 20)),
        (22, 5, "UTC", datetime(2026, 3, 2, 22)),
        (22, 12.5, "UTC", None),
        (22.5, 5, "Europe/Berlin", datetime(2026, 3, 2, 21, 30)),
        (13, 14, "Europe/Berlin", None),
        (4, 12, "America/New_York", None),
        (2, 3, "Asia/Tokyo", datetime(2026, 3, 2, 17)),
    ],
)
def test_windows(start, end, zone, expected):
    assert send_window.opens_at(NOON, start, end, zone) == expected


def test_the_hour_that_summer_time_skips():
    night = datetime(2026, 3, 28, 22)  # Europe/Berlin: clocks go forward at 02:00
    assert send_window.opens_at(night, 2.5, 5, "Europe/Berlin") == datetime(
        2026, 3, 29, 1, 30
    )
