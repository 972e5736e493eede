"""Networks from which a client may call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_base_tools import networks


def test_no_networks_allow_every_address():
    assert networks.allows(networks.parse(""), "203.0.113.9")
    assert networks.allows(networks.parse(" \n"), None)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("11.1.2.3", False),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("fe80::1%eth0", False),
        ("not an address", False),
        ("", False),
        (None, False),
    ],
)
def test_membership(address, allowed):
    allowed_networks = networks.parse("10.0.0.0/8\n192.0.2.7, 2001:db8::/32")
    assert networks.allows(allowed_networks, address) is allowed


@pytest.mark.parametrize("text", ["10.1.2.3/8", "10.0.0.0/33", "everywhere"])
def test_a_mistake_is_named(text):
    with pytest.raises(ValueError, match="is not a network"):
        networks.parse(text)


@given(st.text(max_size=60))
def test_any_address_gets_an_answer(address):
    assert networks.allows(networks.parse("10.0.0.0/8"), address) in (True, False)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.1.2.3", "10.1.2.0/24"),
        ("::ffff:10.1.2.3", "10.1.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        (None, ""),
        ("nonsense", ""),
    ],
)
def test_around(address, network):
    assert networks.around(address) == network


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("10.1.2.3/8", "Did you mean 10.0.0.0/8, or the address 10.1.2.3?"),
        ("ward-3", "Write a network as 10.20.0.0/16"),
    ],
)
def test_an_entry_that_is_not_a_network_is_refused_with_a_proposal(text, hint):
    with pytest.raises(ValueError) as caught:
        networks.parse(text)
    assert text in str(caught.value) and hint in str(caught.value)
