"""Networks from which a client may call, in addition to its authentication."""

import ipaddress


def parse(text) -> tuple:
    """Return the networks of a text with one CIDR per line or comma.

    A single address is accepted as a network.

    :raises ValueError: an entry is not a network, or has host bits set, such as
        10.1.2.3/8, which is probably a mistake
    """
    entries = (text or "").replace(",", "\n").split("\n")
    return tuple(_network(entry.strip()) for entry in entries if entry.strip())


def allows(networks, address) -> bool:
    """Return whether ``address`` is in one of ``networks``; without networks, all
    addresses are allowed.

    An IPv4 address in IPv6 form (``::ffff:10.0.0.1``) counts as IPv4. A text that is
    not an address is in no network.
    """
    if not networks:
        return True
    try:
        ip = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return any(ip.version == network.version and ip in network for network in networks)


def around(address) -> str:
    """Return the network under which calls of an address are counted: its /24 for IPv4,
    its /64 for IPv6, ``""`` if it is not an address."""
    try:
        ip = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return ""
    ip = getattr(ip, "ipv4_mapped", None) or ip
    bits = 24 if ip.version == 4 else 64
    return str(ipaddress.ip_network((ip, bits), strict=False))


def _network(entry):
    """Return one network; an error names the entry."""
    try:
        return ipaddress.ip_network(entry)
    except ValueError as exc:
        raise ValueError(f"{entry!r} is not a network (CIDR).{_hint(entry)}") from exc


def _hint(entry):
    """Return a proposal: the network without the host bits, or an example."""
    try:
        meant = ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return " Write a network as 10.20.0.0/16, and a single address as 10.20.0.5."
    return f" Did you mean {meant}, or the address {entry.partition('/')[0]}?"
