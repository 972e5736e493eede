"""Which parts of a message name somebody."""

from hypothesis import given
from hypothesis import strategies as st
from interop_identifier_tools import parties

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["identifiers", "name", "given", "value", "x"]), inner
        )
    ),
    max_leaves=20,
)


def test_person_and_guarantor():
    data = {
        "identifiers": [{"system": "urn:a", "value": "1"}, {"value": "2"}, "x", {}],
        "name": {"prefix": ["Dr."], "given": ["Eve", "Ann"], "family": "Careful"},
        "birth_date": "1999-03-04",
        "note": "nobody sees this",
        "guarantor": {"identifiers": [{"system": "urn:a", "value": "3"}]},
    }
    assert parties.find(data) == [
        parties.Party(
            "", (("urn:a", "1"), ("", "2")), "Dr. Eve Ann Careful", "1999-03-04"
        ),
        parties.Party("/guarantor", (("urn:a", "3"),)),
    ]


def test_merge():
    data = {
        "survivor": {"identifiers": [{"system": "s", "value": "1"}]},
        "prior": [{"identifiers": [{"system": "s", "value": "2"}]}],
    }
    assert [party.path for party in parties.find(data)] == ["/survivor", "/prior/0"]


def test_names():
    assert parties.full_name("  Ada ") == "Ada"
    assert parties.full_name({"text": "Ada King", "family": "x"}) == "Ada King"
    assert parties.full_name({"family": "King", "suffix": ["PhD"]}) == "King, PhD"
    assert parties.full_name(7) == parties.full_name(None) == ""
    assert parties.alike("Ada  KING") == parties.alike("ada king")


@given(JSON)
def test_whatever_is_thrown_at_it(data):
    for party in parties.find(data):
        assert all(isinstance(text, str) for text in (party.name, party.birth_date))
        assert all(value for _system, value in party.numbers)
        assert len(party.name) < 5000


def test_deep_nesting_ends():
    data = {}
    for _level in range(5000):
        data = {"x": data}
    assert parties.find(data) == []
