"""Extra headers can neither replace ours nor smuggle another one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_webhook_tools import header_guard


@pytest.mark.parametrize(
    "name",
    [
        "webhook-id",
        "Webhook-Signature",
        "WEBHOOK_TIMESTAMP",
        "webhook-anything",
        "Content-Type",
        "content-length",
        "Content_Length",
        "Host",
        "Authorization",
        "Proxy-Authorization",
        "Transfer-Encoding",
        "Connection",
        "Cookie",
        "Expect",
        "User-Agent",
        "Accept-Encoding",
        "traceparent",
        "X-Forwarded-For",
        "ce-id",
        "",
        "X A",
        "X:A",
        "X\r\nY",
        "X\n",
        "Ü",
        "X" * 65,
    ],
)
def test_refused_names(name):
    with pytest.raises(header_guard.HeaderRefusal):
        header_guard.check_header(name, "value")


@pytest.mark.parametrize(
    "value",
    [
        "",
        " x",
        "x ",
        "a\r\nwebhook-id: b",
        "a\nb",
        "a\rb",
        "a\0b",
        "ü",
        "x" * 4097,
        "a\x0bb",
        "a\x7f",
        "a\n",
    ],
)
def test_refused_values(value):
    with pytest.raises(header_guard.HeaderRefusal) as caught:
        header_guard.check_header("X-Facility", value)
    assert len(value) < 2 or value not in str(caught.value)


def test_accepted():
    pairs = [("X-Facility", "North 1"), ("X-Api-Version", "2\t3")]
    assert header_guard.check_headers(pairs) == dict(pairs)


def test_twice_and_too_many():
    with pytest.raises(header_guard.HeaderRefusal, match="twice"):
        header_guard.check_headers([("X-A", "1"), ("x-a", "2")])
    with pytest.raises(header_guard.HeaderRefusal, match="too many"):
        header_guard.check_headers([(f"X-{n}", "1") for n in range(33)])


@given(st.text(max_size=20), st.text(max_size=20))
def test_what_is_accepted_is_one_line(name, value):
    try:
        header_guard.check_header(name, value)
    except header_guard.HeaderRefusal:
        return
    line = f"{name}: {value}"
    assert line.isascii() and len(line.splitlines()) == 1 and line.count(":") >= 1
