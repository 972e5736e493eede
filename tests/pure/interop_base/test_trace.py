"""W3C Trace Context."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import trace

EXAMPLE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_example_of_the_standard():
    context = trace.parse_traceparent(EXAMPLE)
    assert context.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert context.span_id == "b7ad6b7169203331"
    assert context.flags & trace.SAMPLED
    assert trace.format(context) == str(context) == EXAMPLE
    assert not trace.parse_traceparent(EXAMPLE[:-2] + "00").flags


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        b"00",
        "",
        EXAMPLE + "-00",
        EXAMPLE + "\n",
        " " + EXAMPLE,
        EXAMPLE.upper(),
        "ff" + EXAMPLE[2:],
        EXAMPLE.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        EXAMPLE.replace("b7ad6b7169203331", "0" * 16),
        EXAMPLE[:-1],
        EXAMPLE.replace("-", "_"),
    ],
)
def test_an_invalid_value_gives_none(value):
    assert trace.parse_traceparent(value) is None


def test_later_versions_are_read():
    later = "01" + EXAMPLE[2:] + "-what-the-future-holds"
    assert str(trace.parse_traceparent(later)) == EXAMPLE


def test_child_keeps_the_trace_and_its_flags():
    parent = trace.parse_traceparent(EXAMPLE[:-2] + "02")
    step = trace.child(parent)
    assert step.trace_id == parent.trace_id
    assert step.span_id != parent.span_id
    assert step.flags == 2


def test_new_traces_are_valid_even_from_a_poor_source():
    assert trace.new_trace() != trace.new_trace()
    poor = trace.new_trace(bytes)
    assert trace.parse_traceparent(str(poor)) == poor


@given(st.text(max_size=80))
def test_any_text_is_none_or_comes_back(value):
    context = trace.parse_traceparent(value)
    assert context is None or trace.parse_traceparent(str(context)) == context
