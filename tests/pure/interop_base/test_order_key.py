"""What keeps messages in order when the sender does not say (case 35)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import order_key

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("system", "value", "x")), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_case_35_the_key_holds_the_authority():
    first = order_key.of_identifier({"system": "http://a.example", "value": "N1"})
    second = order_key.of_identifier({"system": "http://b.example", "value": "N1"})
    assert first == "http://a.example|N1"
    assert first != second != order_key.of_identifier({"value": "N1"})


@pytest.mark.parametrize("value", [None, 1, "", "  ", [], {}])
def test_without_a_value_there_is_no_key(value):
    assert order_key.of_identifier({"system": "a", "value": value}) == ""
    assert order_key.of_first([{"system": "a", "value": value}]) == ("", "")


def test_the_first_counts():
    wires = [{"system": "a", "value": " 1 "}, {"system": "b", "value": "2"}]
    assert order_key.of_first(wires) == (" 1 ", "a|1")
    assert order_key.of_first(()) == ("", "")


@given(JSON)
def test_whatever_a_sender_makes_of_it(value):
    assert isinstance(order_key.of_identifier(value), str)
    found, key = order_key.of_first(value)
    assert isinstance(found, str) and isinstance(key, str)
