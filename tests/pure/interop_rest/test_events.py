"""The query and the answer of catching up."""

import hashlib
from collections import namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_rest_tools import events

Item = namedtuple("Item", "external_id interface epoch sequence body reason")


def test_parse():
    assert events.parse(b"") == events.Asked("", 100)
    assert events.parse(b"limit=500&cursor=abc") == events.Asked("abc", 500)
    assert events.parse(b"cursor=") == events.Asked("", 100)


@pytest.mark.parametrize(
    "query",
    [
        b"limit=0",
        b"limit=501",
        b"limit=1000",
        b"limit=+1",
        b"limit=01",
        b"limit=%D9%A1",
        b"limit=",
        b"limit=1&limit=2",
        b"cursor=a&cursor=b",
        b"cursor=%00",
        b"cursor=%ff",
        b"other=1",
        b"cursor",
        b"cursor=" + b"a" * 65536,
    ],
)
def test_no_query(query):
    assert events.parse(query) is None


@given(st.binary(max_size=200))
def test_whatever_is_thrown_at_it(query):
    asked = events.parse(query)
    assert asked is None or 1 <= asked.limit <= 500


def test_the_signed_id_covers_the_query():
    query = b"cursor=abc"
    assert events.signed_id(query) == f"events_{hashlib.sha256(query).hexdigest()}"
    assert events.signed_id(b"") != events.signed_id(query)


def test_page():
    body = '{"name":"Zoë \\u0041"}'.encode()
    items = [
        Item("msg_1", "a", 1, 7, body, None),
        Item("msg_2", "a", 2, 1, None, "purged"),
        Item("msg_3", "b", 1, 1, b"{}", None),
    ]
    page = events.page(items, "next", True, {"b": (1, 1), "a": (2, 1)}, ["c"])
    assert page["events"][0]["payload"].encode() == body
    assert page["events"][1] == {
        "id": "msg_2",
        "interface": "a",
        "epoch": 2,
        "sequence": 1,
        "reason": "purged",
    }
    assert page["streams"]["a"] == {"epoch": 2, "sequence": 1}
    assert (page["cursor"], page["more"], page["held"]) == ("next", True, ["c"])
    assert events.spans(items) == ["a 1/7-2/1", "b 1/1-1/1"]
