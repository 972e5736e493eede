"""What the request headers have to look like."""

import http_sf
import pytest
from interop_rest_tools import headers


@pytest.mark.parametrize("value", ["mercy-ehr", "a", "0.b_c", "a" * 63])
def test_client_codes(value):
    assert headers.client_code(value) == value


@pytest.mark.parametrize(
    "value", [None, "", "A", "-a", "a,b", "a b", "a\n", "a" * 64, "é"]
)
def test_what_is_no_client_code(value):
    assert headers.client_code(value) == ""


@pytest.mark.parametrize(
    "value",
    [
        "application/json",
        "Application/JSON; charset=UTF-8",
        'application/json;charset="utf-8"',
        "application/cloudevents+json",
        "application/json; version=1",
    ],
)
def test_json(value):
    assert headers.is_json(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "text/plain",
        "application/json, text/plain",
        "application/json; charset=latin-1",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
    ],
)
def test_not_json(value):
    assert not headers.is_json(value)


def test_only_plain_bodies():
    assert headers.is_plain(None) and headers.is_plain("identity")
    assert not headers.is_plain("gzip") and not headers.is_plain("identity, gzip")


def test_a_header_is_found_in_any_case_and_never_among_two():
    pairs = [("Interop-Client", "a"), ("X", "1"), ("x", "2")]
    assert headers.find(pairs, "interop-client") == "a"
    assert headers.find(pairs, "X") == ""
    assert headers.find(pairs, "missing") == ""


@pytest.mark.parametrize(
    "target",
    ["/a/b?c=%C3%A9", "http://evil.example/a/b?c=%C3%A9", "https://x:1/a/b?c=%C3%A9"],
)
def test_the_address_is_the_connection_s_and_the_target_as_sent(target):
    found = headers.target_url("https", "odoo.example:8443", target)
    assert found == "https://odoo.example:8443/a/b?c=%C3%A9"


def test_the_target_of_options():
    assert headers.target_url("http", "odoo.example", "*") == "http://odoo.example/"


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ('"8e03978e-40d5"', "8e03978e-40d5"),
        ("8e03978e-40d5", "8e03978e-40d5"),
        (' "a" ', "a"),
        (None, ""),
        ("", ""),
        ('""', ""),
        ('"', ""),
        ('"a', ""),
        ('a"b', ""),
        ("a.b", ""),
        ("a,b", ""),
        ("a b", ""),
        ("é", ""),
        ("x" * 129, ""),
    ],
)
def test_idempotency_keys(value, key):
    assert headers.idempotency_key(value) == key


def test_ids_of_others():
    assert headers.message_id("evt_1") == "evt_1"
    odd = [
        headers.message_id(text) for text in ("a.b", "a,b", "é", "x" * 129, "\ud800")
    ]
    assert len(set(odd)) == len(odd)
    assert all(text.startswith("id_") and len(text) == 67 for text in odd)


def test_rate_limits_are_structured_fields():
    found = headers.rate_limits(
        [("client", 100, 50, 29.2), ("interface", 5, -1, 29.2)], 60
    )
    assert found["RateLimit-Policy"] == '"client";q=100;w=60, "interface";q=5;w=60'
    assert found["RateLimit"] == '"client";r=50;t=30, "interface";r=0;t=30'
    for value in found.values():
        assert len(http_sf.parse(value.encode(), tltype="list")) == 2
