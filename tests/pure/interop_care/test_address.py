"""Lines of an address, in and out (case 13)."""

from hypothesis import given
from hypothesis import strategies as st
from interop_care_tools import address

LINES = st.lists(
    st.text(st.sampled_from("ab, "), min_size=1, max_size=255)
    .map(str.strip)
    .filter(bool),
    min_size=1,
    max_size=5,
)


def test_a_short_address_keeps_its_two_lines():
    assert address.lines("1 Main St", "Apt 4, Block B") == [
        "1 Main St",
        "Apt 4, Block B",
    ]
    assert address.lines("", "Apt 4") == ["Apt 4"]
    assert address.lines(False, False) == []


def test_five_lines_of_a_hundred_leave_again():
    given_lines = [char * 100 for char in "abcde"]
    found = address.lines(given_lines[0], address.joined(given_lines[1:]))
    assert len(found) == 3
    assert max(map(len, found)) <= 255


@given(LINES)
def test_what_came_in_fits_on_the_way_out(sent):
    street2 = address.joined(sent[1:])
    found = address.lines(sent[0], street2)
    assert len(found) <= 5
    assert all(0 < len(line) <= 255 for line in found)
    assert address.joined(found[1:]) == street2
