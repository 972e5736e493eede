"""What the body of a vendor's webhook says: times, events, forms, challenges."""

import hashlib
import hmac
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import rfc3339
from interop_rest_vendor_tools import vendor_challenge, vendor_times
from interop_rest_vendor_tools import vendor_envelope as envelope

NOW = "2023-11-14T22:13:20"
PRESENT = datetime(2026, 6, 1)


def read(value, form="auto", zone=""):
    return vendor_times.read(value, form, zone, rfc3339.parse, PRESENT)


# --- times (case 5)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (1700000000, NOW),
        ("1700000000", NOW),
        (1700000000.25, f"{NOW}.250000"),
        ("1700000000.1234567", f"{NOW}.123456"),
        (1700000000123, f"{NOW}.123000"),
        ("1700000000123", f"{NOW}.123000"),
        (1700000000123456, f"{NOW}.123456"),
        (1700000000123456789, f"{NOW}.123456"),
        ("2023-11-14T22:13:20Z", NOW),
        ("2023-11-14t22:13:20z", NOW),
        ("2023-11-14T23:13:20+01:00", NOW),
        ("2023-11-14 23:13:20+0100", NOW),
        ("2023-11-14T23:13:20+01", NOW),
        ("2023-11-14T22:13:20.1234567Z", f"{NOW}.123456"),
        ("2023-11-14T22:13Z", "2023-11-14T22:13:00"),
        ("Tue, 14 Nov 2023 22:13:20 GMT", NOW),
        ("Tue, 14 Nov 2023 23:13:20 +0100", NOW),
        ("14 Nov 2023 22:13:20 -0000", NOW),
    ],
)
def test_times_that_say_all(value, found):
    assert read(value).isoformat() == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2023-11-14T23:13:20", NOW),
        ("2023-11-14 23:13:20.5", f"{NOW}.500000"),
        ("2023-11-14", "2023-11-13T23:00:00"),
        ("2023-07-02", "2023-07-01T22:00:00"),
        ("20231114231320", NOW),
        (20231114231320, NOW),
        ("202311142313", "2023-11-14T22:13:00"),
        ("20231114", "2023-11-13T23:00:00"),
        (20230702, "2023-07-01T22:00:00"),
    ],
)
def test_times_without_an_offset_need_a_zone(value, found):
    assert read(value) is None
    assert read(value, zone="Europe/Amsterdam").isoformat() == found


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, [], {}, "", " ", 0, "0", -5, "-5", "yesterday", "NaN"),
        *("2023-13-01", "2023-11-14T25:00:00Z", "14.11.2023", "11/14/2023", 10**30),
        *("Tue, 14 Nov 2023 22:13:20 XYZ", "Tue, 14 Nov 2023 22:13:20", "1e9", 1e300),
        *("9" * 100, "٢٠٢٣-١١-١٤", float("inf"), float("nan")),
    ],
)
def test_what_cannot_be_read_is_no_time(value):
    for form in vendor_times.FORMS:
        assert read(value, form, "Europe/Amsterdam") is None


@pytest.mark.parametrize(
    "value",
    [
        *("20261301000000", "20260102250000", "20260230", "20260603", "20270101120000"),
        *("19891231235959", 99999999, 99999999999, 170000000000, 10**14, 10**17),
        *("1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"),
    ],
)
def test_a_moment_that_no_event_has_is_no_time(value):
    for zone in ("", "Europe/Amsterdam"):
        assert read(value, zone=zone) is None


def test_a_day_ahead_and_1990_are_times():
    assert read("2026-06-02T00:00:00Z") and not read("2026-06-02T00:00:01Z")
    assert read("1990-01-01T00:00:00Z") and not read("1989-12-31T23:59:59Z")
    assert read(631152000000).isoformat() == "1990-01-01T00:00:00"


def test_the_unit_of_a_number_can_be_said():
    assert read(99999999999, "unix_ms").isoformat() == "1973-03-03T09:46:39.999000"
    assert read(170000000000, "unix").year == 7357
    assert read("2023-11-14T22:13:20Z", "unix") is None


@given(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=70)
    | st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:?\d\d)?"),
    st.sampled_from(vendor_times.FORMS),
    st.sampled_from(["", "Europe/Amsterdam", "Pacific/Apia"]),
)
def test_any_value_is_a_moment_or_none(value, form, zone):
    found = read(value, form, zone)
    assert found is None or isinstance(found, datetime)


# --- events and places (case 33)


def test_pointers_that_pick_one_of_several():
    document = {"events": [{"id": 1}, {"id": 2}], "one": [{"id": 3}]}
    assert envelope.passes_over(document, "/events/0/id")
    assert envelope.passes_over([1, 2], "/0")
    for pointer in ("/one/0/id", "/events", "", "/none/0"):
        assert not envelope.passes_over(document, pointer)
    assert envelope.starts_in_a_list(["", "/a/0", "/0/data"])
    assert not envelope.starts_in_a_list(["", "/a/0", "/00", "/-"])


def test_equal_events_have_equal_bytes():
    first = envelope.element_bytes({"a": 2**60, "b": ["é", None]})
    assert first == envelope.element_bytes({"b": ["é", None], "a": 2**60})
    assert str(2**60).encode() in first


# --- forms (case 36)


def test_a_form():
    body = b"command=%2Fward&text=&user=J%C3%BCrgen+B"
    found = {"command": "/ward", "text": "", "user": "Jürgen B"}
    assert envelope.read_form(body, 9) == found
    assert envelope.read_form(b"", 9) == {}


@pytest.mark.parametrize(
    "body", [b"a=1&a=2", b"a", b"a=%ff", "a=é".encode(), b"a=1&b=2&c=3", b"\xff"]
)
def test_no_form(body):
    with pytest.raises(ValueError):
        envelope.read_form(body, 2)


# --- challenges (case 36)

SLACK = vendor_challenge.Challenge(
    "/type", "url_verification", "/challenge", "json", "challenge"
)
ZOOM = vendor_challenge.Challenge(
    *("/event", "endpoint.url_validation", "/payload/plainToken", "hmac"),
    *("plainToken", "encryptedToken"),
)
KEY = b"a secret of the vendor"


def asked(challenge, document):
    text = vendor_challenge.token(challenge, document)
    return text and vendor_challenge.answer(challenge, text, KEY, "hmac-sha256", "hex")


def test_the_challenge_of_slack():
    token = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
    body = {"token": "x", "challenge": token, "type": "url_verification"}
    assert asked(SLACK, body) == {"challenge": token}
    assert asked(SLACK._replace(answer="text"), body) == token
    assert asked(SLACK, {**body, "type": "event_callback"}) is None
    assert asked(SLACK._replace(answer=""), body) is None


def test_the_challenge_of_zoom():
    token = "qgg8vlvZRS6UYooatFL8Aw"
    body = {"payload": {"plainToken": token}, "event": "endpoint.url_validation"}
    proof = hmac.new(KEY, token.encode(), hashlib.sha256).hexdigest()
    assert asked(ZOOM, body) == {"plainToken": token, "encryptedToken": proof}


@pytest.mark.parametrize("text", [None, "", 'v0:1700000000:{"a":1}', "a.b", "x" * 256])
def test_nothing_that_could_be_signed_content_is_repeated(text):
    body = {"payload": {"plainToken": text}, "event": "endpoint.url_validation"}
    with pytest.raises(ValueError):
        vendor_challenge.token(ZOOM, body)
