"""Batches are taken apart into the very bytes that were sent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_rest_tools import batch

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.lists(VALUES, min_size=1), st.booleans(), st.sampled_from([None, 2]))
def test_an_array_is_taken_apart_as_json_reads_it(values, ascii_only, indent):
    body = json.dumps(values, ensure_ascii=ascii_only, indent=indent).encode()
    items = batch.split(body, False, 1000)
    assert [json.loads(item) for item in items] == values
    assert all(item in body and item == item.strip() for item in items)


@given(st.lists(VALUES, min_size=1))
def test_lines(values):
    body = "\n".join(json.dumps(value) for value in values).encode()
    items = batch.split(body, True, 1000)
    assert [json.loads(item) for item in items] == values


@given(st.binary() | st.text(alphabet='[]{},"\\ 1a').map(str.encode), st.booleans())
def test_whatever_is_thrown_at_it(body, lines):
    try:
        items = batch.split(body, lines, 3)
    except batch.BatchError as error:
        assert error.code in ("invalid_batch", "batch_too_long")
        return
    assert 1 <= len(items) <= 3
    assert all(item and item in body for item in items)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"[]",
        b"{}",
        b"[1",
        b"[1,]",
        b"[,1]",
        b"[1]]",
        b"[1}",
        b'["]',
        b"[1]x",
    ],
)
def test_no_batch(body):
    with pytest.raises(batch.BatchError) as error:
        batch.split(body, False, 9)
    assert error.value.code == "invalid_batch"


def test_limit():
    assert len(batch.split(b"[1,2]", False, 2)) == 2
    for body, lines in ((b"[1,2,3]", False), (b"1\n2\n3", True)):
        with pytest.raises(batch.BatchError) as error:
            batch.split(body, lines, 2)
        assert error.value.code == "batch_too_long"
