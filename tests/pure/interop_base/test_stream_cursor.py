"""Cursors of catch-up."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import stream_cursor
from interop_base_tools.errors import CursorError

numbers = st.integers(0, stream_cursor.LARGEST)
codes = st.from_regex(r"\A[a-z0-9][a-z0-9_.-]{0,62}\Z")


def pack(value) -> str:
    """Encode any JSON value as a cursor is."""
    raw = json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@given(st.dictionaries(codes, st.tuples(numbers, numbers), max_size=20))
def test_round_trip(positions):
    assert stream_cursor.decode(stream_cursor.encode(positions)) == positions


def test_no_cursor_is_the_beginning():
    assert stream_cursor.decode(None) == stream_cursor.decode("") == {}


@given(st.one_of(st.text(), st.binary(), st.integers(), st.lists(st.text())))
def test_any_other_text_raises_only_cursor_error(value):
    try:
        stream_cursor.decode(value)
    except CursorError as error:
        assert error.code == "invalid_cursor"


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"v": 1},
        {"v": 2, "p": {}},
        {"v": 1, "p": {}, "x": 1},
        {"v": 1, "p": []},
        {"v": 1, "p": {"a": 1}},
        {"v": 1, "p": {"a": [1]}},
        {"v": 1, "p": {"a": [1, 2, 3]}},
        {"v": 1, "p": {"a": [1, True]}},
        {"v": 1, "p": {"a": [1, 2.0]}},
        {"v": 1, "p": {"a": ["1", 2]}},
        {"v": 1, "p": {"a": [-1, 2]}},
        {"v": 1, "p": {"a": [1, 2**31]}},
        {"v": 1, "p": {"A": [1, 2]}},
        {"v": 1, "p": {"": [1, 2]}},
        {"v": 1, "p": {"a'; --": [1, 2]}},
    ],
)
def test_wrong_content_is_refused(value):
    with pytest.raises(CursorError):
        stream_cursor.decode(pack(value))


def test_junk_length_and_depth_are_refused():
    good = stream_cursor.encode({"a": (1, 2)})
    assert stream_cursor.decode(good) == {"a": (1, 2)}
    for bad in (good + "!", good + "\n", " " + good, good[:-2] + "é"):
        with pytest.raises(CursorError):
            stream_cursor.decode(bad)
    with pytest.raises(CursorError):
        stream_cursor.decode("A" * (stream_cursor.MAX_LENGTH + 1))
    deep = base64.urlsafe_b64encode(b"[" * 40000).decode()
    with pytest.raises(CursorError):
        stream_cursor.decode(deep)


def test_error_repeats_nothing():
    with pytest.raises(CursorError) as caught:
        stream_cursor.decode(pack({"v": 1, "p": {"CANARY": [1, 2]}}))
    assert "CANARY" not in str(caught.value)
