"""Identifiers in the order in which a receiver knows them."""

from hypothesis import given
from hypothesis import strategies as st
from interop_identifier_tools import wire_order

RANKS = {"own": 0, "named": 1}
A, B, C = ({"system": name, "value": "1"} for name in ("other", "named", "own"))


def test_own_first_then_named_then_the_rest_as_they_were():
    wires = [A, B, {"system": "else"}, C]
    wire_order.sort(wires, RANKS)
    assert [wire["system"] for wire in wires] == ["own", "named", "other", "else"]


def test_every_list_of_identifiers_within():
    data = {
        "identifiers": [A, C],
        "customer": {"identifiers": [B, C]},
        "lines": [{"identifiers": [A, B]}, 1, None],
        "numbers": [A, C],
        "odd": {"identifiers": ["x", "a"]},
    }
    wire_order.sort_all(data, RANKS)
    assert data == {
        "identifiers": [C, A],
        "customer": {"identifiers": [C, B]},
        "lines": [{"identifiers": [B, A]}, 1, None],
        "numbers": [A, C],
        "odd": {"identifiers": ["x", "a"]},
    }


JSON = st.recursive(
    st.none() | st.text() | st.integers(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["identifiers", "system", "x"]), inner)
    ),
)


@given(JSON)
def test_nothing_is_lost_or_added(data):
    def flat(value):
        if isinstance(value, dict):
            return sorted((k, flat(v)) for k, v in value.items()).__repr__()
        if isinstance(value, list):
            return repr(sorted(map(flat, value)))
        return repr(value)

    before = flat(data)
    wire_order.sort_all(data, {"own": 0})
    assert flat(data) == before
