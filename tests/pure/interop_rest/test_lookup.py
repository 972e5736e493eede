"""The query of a look-up."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_rest_tools import lookup


def test_parse():
    asked = lookup.parse(b"namespace=http%3A%2F%2Fx.example&value=A+1%C3%A9")
    assert asked == lookup.Asked("http://x.example", "A 1é", "")
    assert lookup.parse(b"value=1&facility=F&namespace=n").facility == "F"
    assert lookup.parse(b"value=1&namespace=n&as_of=2026-01-01").as_of == "2026-01-01"


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"namespace=n",
        b"namespace=n&value=",
        b"namespace=n&value=1&value=2",
        b"namespace=n&value=1&other=2",
        b"namespace=n&value=%ff",
        b"namespace=n&value=%00",
        b"namespace=n&value=\xff",
        b"namespace=n&value",
        b"namespace=n&value=1&a=1&b=2&c=3",
        b"namespace=n&value=" + b"x" * 3000,
    ],
)
def test_no_query(query):
    assert lookup.parse(query) is None


@given(st.binary())
def test_whatever_is_thrown_at_it(query):
    asked = lookup.parse(query)
    assert asked is None or (asked.namespace and asked.value)


def test_the_signed_id_covers_the_query():
    query = b"namespace=n&value=1"
    assert lookup.signed_id(query) == f"lookup_{hashlib.sha256(query).hexdigest()}"
    assert len(lookup.signed_id(query)) <= 128


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            '"GET /interop/v1/identifiers?value=1 HTTP/1.1" 200 -',
            '"GET /interop/v1/identifiers?… HTTP/1.1" 200 -',
        ),
        (
            '"GET /interop/v1/identifiers?value=a HTTP/1 b HTTP/1.1" 200',
            '"GET /interop/v1/identifiers?… HTTP/1.1" 200',
        ),
        ('"GET /interop/v1/x?value=1', '"GET /interop/v1/x?…'),
        ('"GET /web?a=1 HTTP/1.1"', '"GET /web?a=1 HTTP/1.1"'),
        ('"GET /interop/v1/health HTTP/1.1"', '"GET /interop/v1/health HTTP/1.1"'),
    ],
)
def test_logs_have_no_query(line, shown):
    assert lookup.without_query(line) == shown
