"""Strict reading of bodies, and nothing but our own error on any bytes."""

import json
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from interop_base_tools.errors import EnvelopeError
from interop_base_tools.jsonlimits import parse
from interop_setup.examples import examples


def refused(body, **limits):
    """Return the error's code."""
    with pytest.raises(EnvelopeError) as caught:
        parse(body, **limits)
    assert caught.value.__context__ is None
    return caught.value.code


@pytest.mark.parametrize(
    "body, code",
    [
        (b'\xef\xbb\xbf{"a":1}', "invalid_utf8"),
        (b'{"a":"\xff"}', "invalid_utf8"),
        (b'{"a":"\xed\xa0\x80"}', "invalid_utf8"),
        (b'{"a":"\\ud800"}', "invalid_utf8"),
        (b'{"a":"\\uDC00x"}', "invalid_utf8"),
        (b'{"\\ud83d":1}', "invalid_utf8"),
        (b'{"a":1}'.decode().encode("utf-16"), "invalid_utf8"),
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"{'a':1}", "invalid_json"),
        (b"[1,]", "invalid_json"),
        (b"[1] x", "invalid_json"),
        (b'"a\nb"', "invalid_json"),
        (b"01", "invalid_json"),
        (b"\x0b[]", "invalid_json"),
        (b'{"a":1,"a":1}', "duplicate_key"),
        (b'{"x":[{"a":1,"b":2,"\\u0061":3}]}', "duplicate_key"),
        (b"NaN", "not_finite"),
        (b"[Infinity]", "not_finite"),
        (b"[-Infinity]", "not_finite"),
        (b"1e999", "not_finite"),
        (b"-1e999", "not_finite"),
        (b"9007199254740992", "too_large"),
        (b"-9007199254740992", "too_large"),
        (b"1" * 5000, "too_large"),
        (b"0." + b"1" * 5000, "too_large"),
    ],
)
def test_refused(body, code):
    assert refused(body) == code


def test_accepted():
    assert parse(b' {"a":[1,-0,2.5,1e3,true,null,"\\ud83d\\ude00"]}\r\n') == {
        "a": [1, 0, 2.5, 1000.0, True, None, "😀"]
    }
    assert parse(b'"\\\\ud800"') == "\\ud800"
    assert parse(b"9007199254740991") == 2**53 - 1


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (b'{"a": {"b": [1, 9007199254740992]}}', "/a/b/1", "too_large"),
        (b'{"a": 1, "b": -9007199254740992, "c": NaN}', "/b", "too_large"),
        (b'[{"x": 1e999}]', "/0/x", "not_finite"),
        (b'{"a": {"Jane Doe": {"n": [Infinity]}}}', "/a", "not_finite"),
        (b"9007199254740992", "", "too_large"),
    ],
)
def test_a_refused_number_is_reported_with_its_member(body, pointer, code):
    """case 34: which member, and why."""
    with pytest.raises(EnvelopeError) as caught:
        parse(body)
    error = caught.value
    assert (error.code, error.pointer) == (code, pointer)
    assert error.__context__ is None
    assert "90071" not in error.message and "Jane" not in error.message
    assert (f"At {pointer}: " in error.message) is bool(pointer)
    if code == "too_large":
        assert "2**53 - 1" in error.message and "as text" in error.message


def test_integers_of_any_size_where_the_sender_cannot_change_them():
    """case 34: exactly, as a documented sample of Shopify has them."""
    body = b'{"id": 820982911946154508, "n": -9007199254740993, "f": 1.5}'
    found = parse(body, any_integer=True)
    assert found == {"id": 820982911946154508, "n": -9007199254740993, "f": 1.5}
    assert parse(b"1" * 64, any_integer=True) == int("1" * 64)
    assert refused(b'{"a": ' + b"1" * 65 + b"}", any_integer=True) == "too_large"
    assert refused(b'{"a": NaN}', any_integer=True) == "not_finite"
    assert refused(b'{"a": 1, "a": 2}', any_integer=True) == "duplicate_key"


def test_limit_of_bytes():
    assert parse(b'"abc"', max_bytes=5) == "abc"
    assert refused(b'"abcd"', max_bytes=5) == "too_large"


def test_limit_of_depth():
    assert parse(b"[[[]]]", max_depth=3) == [[[]]]
    assert refused(b"[[[[]]]]", max_depth=3) == "too_deep"
    assert refused(b'[[[{"a":1}]]]', max_depth=3) == "too_deep"
    assert parse(b"[[],[],[],[[]]]", max_depth=3) == [[], [], [], [[]]]
    assert parse(b'["[[[[[[[[", "{{{{"]', max_depth=1) == ["[[[[[[[[", "{{{{"]
    assert parse(b'["\\"[[[[[["]', max_depth=1) == ['"[[[[[[']


def test_limit_of_items():
    assert parse(b"[1,2,3]", max_items=3) == [1, 2, 3]
    assert refused(b"[1,2,3,4]", max_items=3) == "too_many_items"
    assert refused(b'{"a":[{"b":1},{"c":2}]}', max_items=4) == "too_many_items"
    assert parse(b'["a,b,c,d,e,f"]', max_items=3) == ["a,b,c,d,e,f"]


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b'"' * 999_999,
        b'"' + b'\\"' * 400_000 + b"[" * 99,
    ],
    ids=["brackets", "objects", "quotes", "escapes"],
)
def test_hostile_bodies_are_refused_fast(body):
    started = time.process_time()
    refused(body)
    assert time.process_time() - started < 2


def test_limits_above_the_stack_are_still_our_error():
    assert refused(
        b"[" * 100_000 + b"]" * 100_000, max_depth=10**6, max_items=10**6
    ) == ("too_deep")


def test_errors_hold_no_value_and_only_names_that_look_like_names():
    with pytest.raises(EnvelopeError) as caught:
        parse(b'{"mrn":"CANARY","mrn":"CANARY"}')
    assert "mrn" in str(caught.value)
    assert "CANARY" not in str(caught.value)
    with pytest.raises(EnvelopeError) as caught:
        parse(b'{"Jane Doe":1,"Jane Doe":2}')
    assert "Jane" not in str(caught.value)
    with pytest.raises(EnvelopeError) as caught:
        parse(b'{"a": CANARY}')
    assert "CANARY" not in repr(caught.value)


BODIES = st.one_of(
    st.binary(max_size=60),
    st.text(alphabet='[]{}",:\\u0dea1.eE+-ntrfalsNI \n', max_size=60).map(str.encode),
    st.text(max_size=40).map(lambda t: json.dumps({t: [t, 1.5]}).encode()),
)


@given(BODIES, st.integers(0, 6), st.integers(0, 12))
@settings(max_examples=examples(3000))
@example(b'"\\', 1, 1)
def test_any_bytes_give_a_value_or_our_error(body, depth, items):
    try:
        value = parse(body, max_depth=depth, max_items=items)
    except EnvelopeError as error:
        assert error.code
        assert error.__context__ is None
    else:
        assert value == json.loads(body)
        assert _depth(value) <= depth


def _depth(value):
    children = value.values() if isinstance(value, dict) else value
    if not isinstance(value, list | dict):
        return 0
    return 1 + max(map(_depth, children), default=0)
