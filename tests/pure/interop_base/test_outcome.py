"""What a try means."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import outcome
from interop_base_tools.outcome import (
    ERROR_CLASSES,
    Outcome,
    cause_fingerprint,
    classify_exception,
    classify_status,
    parse_retry_after,
)

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "status, result, error_class",
    [
        (200, "done", None),
        (202, "done", None),
        (299, "done", None),
        (408, "retry", "timeout"),
        (425, "retry", "throttled"),
        (429, "retry", "throttled"),
        (500, "retry", "http_5xx"),
        (502, "retry", "http_5xx"),
        (599, "retry", "http_5xx"),
        (401, "retry", "auth"),
        (403, "retry", "auth"),
        (410, "dead", "config"),
        (199, "retry", "connect"),
        (0, "retry", "connect"),
        (600, "retry", "connect"),
    ],
)
@pytest.mark.parametrize("policy", [True, False])
def test_statuses_that_no_policy_changes(status, result, error_class, policy):
    found = classify_status(status, retry_other_4xx=policy)
    assert (found.result, found.error_class) == (result, error_class)


@pytest.mark.parametrize(
    "status, error_class",
    [
        (300, "config"),
        (301, "config"),
        (307, "config"),
        (399, "config"),
        (400, "config"),
        (404, "config"),
        (409, "conflict"),
        (413, "config"),
        (422, "business_rule"),
        (499, "config"),
    ],
)
def test_statuses_by_policy(status, error_class):
    for policy, result in ((True, "retry"), (False, "dead")):
        found = classify_status(status, retry_other_4xx=policy)
        assert (found.result, found.error_class) == (result, error_class)
        assert found.error_code == f"http_{status}"


def test_only_410_disables_and_only_three_throttle():
    found = {s: classify_status(s, retry_other_4xx=True) for s in range(100, 600)}
    assert [s for s, o in found.items() if o.disable_endpoint] == [410]
    assert [s for s, o in found.items() if o.throttled] == [429, 502, 504]


@given(st.integers(-10, 2000), st.booleans())
def test_every_status_has_an_outcome_and_a_known_class(status, policy):
    found = classify_status(status, retry_other_4xx=policy)
    assert (found.result == "done") == (200 <= status <= 299)
    assert (found.error_class is None) == (found.result == "done")
    assert found.error_class is None or found.error_class in ERROR_CLASSES


@pytest.mark.parametrize(
    "kind, expected",
    [
        ("dns", ("retry", "dns")),
        ("connect", ("retry", "connect")),
        ("reset", ("retry", "connect")),
        ("tls", ("retry", "tls")),
        ("timeout", ("retry", "timeout")),
        ("internal", ("retry", "internal")),
        ("blocked", ("dead", "config")),
        ("auth", ("dead", "auth")),
        ("schema", ("dead", "schema")),
        ("ownership", ("dead", "ownership")),
        ("never heard of", ("retry", "internal")),
    ],
)
def test_exceptions(kind, expected):
    found = classify_exception(kind)
    assert (found.result, found.error_class) == expected
    assert found.error_code == (kind if kind != "never heard of" else "unknown")


def test_every_error_class_can_be_a_kind_or_a_status():
    reachable = {classify_exception(name).error_class for name in ERROR_CLASSES}
    reachable |= {
        classify_status(s, retry_other_4xx=True).error_class for s in range(600)
    }
    assert reachable - {None} == set(ERROR_CLASSES)
    assert set(ERROR_CLASSES.values()) == {"technical", "business"}


@pytest.mark.parametrize(
    "value, seconds",
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("120", 120),
        (" 120 ", 120),
        ("3600", 3600),
        ("3601", 3600),
        ("9" * 40, 3600),
        ("9" * 400, None),
        ("-1", None),
        ("+5", None),
        ("1.5", None),
        ("٥", None),
        ("1e3", None),
        ("soon", None),
        ("Sun, 22 Nov 2026 12:02:00 GMT", 120),
        ("Sunday, 22-Nov-26 12:02:00 GMT", 120),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Sun, 22 Nov 2099 11:00:00 GMT", 3600),
        ("Sun, 99 Nov 2026 11:00:00 GMT", None),
        (120, None),
    ],
)
def test_retry_after(value, seconds):
    assert parse_retry_after(value, NOW, 3600) == seconds
    assert parse_retry_after(value, NOW.replace(tzinfo=None), 3600) == seconds


@given(
    st.one_of(
        st.text(max_size=70), st.datetimes(timezones=st.just(UTC)).map(format_datetime)
    )
)
def test_retry_after_is_none_or_within_bounds(value):
    seconds = parse_retry_after(value, NOW, 600)
    assert seconds is None or 0 <= seconds <= 600


def test_retry_after_with_an_offset():
    moment = (NOW + timedelta(seconds=90)).astimezone(timezone(timedelta(hours=5)))
    assert parse_retry_after(format_datetime(moment), NOW, 600) == 90


def test_fingerprint_ignores_the_values_of_a_message():
    one = cause_fingerprint(
        "http_5xx", "http_500", 7, "Order 4711 of 'Jane Doe' failed"
    )
    same = cause_fingerprint(
        "http_5xx", "http_500", 7, 'order 12  of "J. Smith" failed'
    )
    assert one == same
    assert len(one) == 16
    uuid = "0f1e2d3c-0000-4000-8000-123456789abc"
    assert cause_fingerprint("a", "b", 1, f"id {uuid} gone") == cause_fingerprint(
        "a", "b", 1, f"id {uuid[::-1]} gone"
    )


def test_fingerprint_tells_causes_apart():
    base = ("http_5xx", "http_500", 7, "It's the disk that is full, isn't it")
    others = [
        ("timeout", *base[1:]),
        (base[0], "http_502", *base[2:]),
        (*base[:2], 8, base[3]),
        (*base[:3], "It's the queue that is full, isn't it"),
        (None, None, None, None),
    ]
    found = {cause_fingerprint(*parts) for parts in [base, *others]}
    assert len(found) == 6


@given(st.text(), st.text())
def test_fingerprint_takes_any_text(code, detail):
    assert len(cause_fingerprint("dns", code, 1, detail)) == 16


def test_outcome_is_a_value():
    assert Outcome("done") == Outcome(outcome.DONE)
