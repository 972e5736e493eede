"""Periods as FHIR writes them."""

from datetime import datetime

import pytest
from interop_base_tools import rfc3339
from interop_identifier_tools import period


def moment(text, is_end=False):
    """Return what the readers of messages get."""
    return period.moment(text, is_end, read_time=rfc3339.parse)


@pytest.mark.parametrize(
    ("text", "is_end", "expected"),
    [
        (None, False, None),
        ("", True, None),
        ("2024-02-28", False, datetime(2024, 2, 28)),
        ("2024-02-28", True, datetime(2024, 2, 29)),
        ("2024-02-28T10:00:00Z", True, datetime(2024, 2, 28, 10)),
        ("2024-02-28T10:00:00.9+02:00", False, datetime(2024, 2, 28, 8)),
        ("2024-02-28T10:00:00", False, datetime(2024, 2, 28, 10)),
        ("9999-12-31", True, datetime(9999, 12, 31, 23, 59, 59)),
        ("9999-12-31T23:00:00-05:00", True, datetime(9999, 12, 31, 23, 59, 59)),
        ("2024-02-28t10:00:00.123456789z", True, datetime(2024, 2, 28, 10)),
        ("2016-12-31T23:59:60Z", True, datetime(2016, 12, 31, 23, 59, 59)),
    ],
)
def test_examples(text, is_end, expected):
    assert moment(text, is_end) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2024-13-01",
        "yesterday",
        "2024-02-30T00:00:00Z",
        "0001-01-01T00:00:00+02:00",
        "2026-W05-6",
        "20260131",
        "2026-01-31 08:30:00Z",
        "9999-12-31T25:00:00-05:00",
        "9999-12-31 for ever",
    ],
)
def test_garbage_is_a_value_error(text):
    with pytest.raises(ValueError, match=".+"):
        moment(text)
