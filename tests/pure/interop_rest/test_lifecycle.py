"""Headers about the end of a contract version, as the RFCs write them."""

from datetime import date, datetime

from interop_rest_tools import lifecycle


def test_the_examples_of_the_rfcs():
    # RFC 9745, section 2.1; RFC 8594, section 3 (a day of ours begins at 00:00 UTC)
    headers = lifecycle.announcing(
        datetime(2023, 6, 30, 23, 59, 59), date(2018, 12, 31)
    )
    assert headers["Deprecation"] == "@1688169599"
    assert headers["Sunset"] == "Mon, 31 Dec 2018 00:00:00 GMT"
    assert headers["Link"] == '</interop/v1/openapi.json>; rel="service-desc"'


def test_without_an_end():
    assert "Sunset" not in lifecycle.announcing(datetime(2023, 6, 30), None)
