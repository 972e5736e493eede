"""Networks from which a client may call, in addition to proving who it is."""

import ipaddress


def parse(text) -> tuple:
    """Return the networks of a text with one CIDR per line or comma.

    A single address is a network of one. Raises ValueError naming the entry that is
    none, or that has host bits set: 10.1.2.3/8 is more likely a mistake than meant.
    """
    entries = (text or "").replace(",", "\n").split("\n")
    return tuple(_network(entry.strip()) for entry in entries if entry.strip())


def allows(networks, address) -> bool:
    """Say whether ``address`` is in one of ``networks``; no networks allow every
    address.

    An IPv4 address written as IPv6 (``::ffff:10.0.0.1``) counts as IPv4. What is no
    address is in no network.
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
    """Return the network that an address is counted with: its /24, or its /64 if it is
    IPv6; ``""`` for what is no address."""
    try:
        ip = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return ""
    ip = getattr(ip, "ipv4_mapped", None) or ip
    bits = 24 if ip.version == 4 else 64
    return str(ipaddress.ip_network((ip, bits), strict=False))


def _network(entry):
    """Return one network, with the entry named in the error."""
    try:
        return ipaddress.ip_network(entry)
    except ValueError as exc:
        raise ValueError(f"{entry!r} is not a network (CIDR).{_hint(entry)}") from exc


def _hint(entry):
    """Return what may be meant: a network without the host bits, or an example."""
    try:
        meant = ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return " One looks like 10.20.0.0/16, a single address like 10.20.0.5."
    return f" Is {meant} meant, or only {entry.partition('/')[0]}?"
