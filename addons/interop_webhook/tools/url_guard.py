"""Checks of the URL of a webhook and of every address of its host.

The form of the URL is checked when an endpoint is saved. The addresses are checked for
each new connection, so a name that changes its address (DNS rebinding) has no effect.

The address tables follow the IANA special-purpose address registries (RFC 6890 and its
updates). ``ipaddress.is_global`` is not used, because its results differ between Python
releases. IPv6 is public only inside 2000::/3. Transition mechanisms embed IPv4 addresses
in IPv6 addresses (mapped, compatible, translated, 6to4, Teredo, NAT64, ISATAP). For these
the IPv6 address and every embedded address are checked.
"""

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import urlsplit

MAX_URL = 2048
DEFAULT_PORTS = ((443, 443), (8443, 8443), (80, 80))
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC_END = re.compile(r"(?:^|\.)(?:\d+|0x[0-9a-f]*)\.?$")

# Services that issue machine credentials. No setting can allow them.
_METADATA = tuple(
    ipaddress.ip_address(value)
    for value in (
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "169.254.169.123",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
    )
)

# Addresses of several machines or of no machine. No setting can allow them.
_NEVER = tuple(
    (ipaddress.ip_network(network), why)
    for network, why in (
        ("0.0.0.0/8", "an address of 'this network'"),
        ("224.0.0.0/4", "a multicast address"),
        ("255.255.255.255/32", "the broadcast address"),
        ("::/128", "the unspecified address"),
        ("ff00::/8", "a multicast address"),
    )
)

# Refused unless the administrator adds the network to the endpoint.
_SPECIAL = tuple(
    (ipaddress.ip_network(network), why)
    for network, why in (
        ("127.0.0.0/8", "a loopback address"),
        ("10.0.0.0/8", "a private address"),
        ("172.16.0.0/12", "a private address"),
        ("192.168.0.0/16", "a private address"),
        ("100.64.0.0/10", "a carrier-grade NAT address"),
        ("169.254.0.0/16", "a link-local address"),
        ("192.0.0.0/24", "an address reserved for protocols"),
        ("192.0.2.0/24", "an address for documentation"),
        ("192.31.196.0/24", "an address reserved for protocols"),
        ("192.52.193.0/24", "an address reserved for protocols"),
        ("192.88.99.0/24", "a 6to4 relay address"),
        ("192.175.48.0/24", "an address reserved for protocols"),
        ("198.18.0.0/15", "an address for benchmarks"),
        ("198.51.100.0/24", "an address for documentation"),
        ("203.0.113.0/24", "an address for documentation"),
        ("240.0.0.0/4", "a reserved address"),
        ("::1/128", "a loopback address"),
        ("fc00::/7", "a unique local address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a site-local address"),
        ("2001::/23", "an address reserved for protocols"),
        ("2001:db8::/32", "an address for documentation"),
        ("3fff::/20", "an address for documentation"),
        ("5f00::/16", "a segment routing address"),
        ("64:ff9b:1::/48", "a local NAT64 address"),
        ("100::/64", "a discard-only address"),
    )
)
_PUBLIC_V6 = ipaddress.ip_network("2000::/3")
_TEREDO = ipaddress.ip_network("2001::/32")
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")
# Only the last 32 bits of these addresses are the destination; the prefix is not checked.
_WRAPPERS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "::ffff:0:0/96",  # mapped, RFC 4291 2.5.5.2
        "::ffff:0:0:0/96",  # translated, RFC 2765
        "::/96",  # compatible, RFC 4291 2.5.5.1
        "64:ff9b::/96",  # NAT64, RFC 6052 2.1
    )
)
_NOT_COMPATIBLE = (ipaddress.ip_address("::"), ipaddress.ip_address("::1"))
# RFC 6052 2.2, for prefixes of 48, 56 and 64 bits: bits of the embedded address before
# the reserved bits 64 to 71, bits after them, and zero bits on the right.
_LOCAL_NAT64_FORMS = ((16, 16, 40), (8, 24, 32), (0, 32, 24))


class GuardRefusal(ValueError):
    """The URL, port, network or address is not allowed; the message is safe to show."""


class Target(NamedTuple):
    """The parts of a checked URL that a client needs to connect.

    ``host`` is lower-case ASCII, or an IP address in canonical form without brackets.
    ``address`` is set if the host is an IP address. ``path_qs`` starts with "/".
    """

    scheme: str
    host: str
    port: int
    path_qs: str
    address: IPAddress | None

    @property
    def authority(self) -> str:
        """The value of the header Host: IPv6 in brackets, the default port omitted."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = 443 if self.scheme == "https" else 80
        return host if self.port == default else f"{host}:{self.port}"


# --- URL ------------------------------------------------------------------------------


def parse_url(url: str, *, allow_http: bool = False, ports=DEFAULT_PORTS) -> Target:
    """Parse and check a URL.

    :param allow_http: allow http without TLS
    :param ports: the allowed ports as ``((first, last), ...)``, see :func:`parse_ports`
    :raises GuardRefusal: the URL is not allowed
    """
    _check_characters(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise GuardRefusal("The URL has a malformed host or port.") from exc
    scheme = parts.scheme
    if scheme not in ("https", "http"):
        raise GuardRefusal("The URL must start with https://.")
    if scheme == "http" and not allow_http:
        raise GuardRefusal(
            "The endpoint does not allow plain http. Enter an https URL, or select Allow "
            "Plain HTTP on the endpoint."
        )
    if "@" in parts.netloc:
        raise GuardRefusal("The URL must not contain a user name or password.")
    if parts.fragment or "#" in url:
        raise GuardRefusal("The URL must not contain a fragment (#).")
    host, address = _parse_host(parts.netloc, parts.hostname or "")
    if port is None:
        if parts.netloc.endswith(":"):
            raise GuardRefusal("The URL has a malformed host or port.")
        port = 443 if scheme == "https" else 80
    if not any(first <= port <= last for first, last in ports):
        raise GuardRefusal(
            f"Port {port} is not allowed. Use another port, or add it to the allowed ports "
            "in the Settings."
        )
    path_qs = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme, host, port, path_qs, address)


def _check_characters(url):
    if not isinstance(url, str) or not url:
        raise GuardRefusal("The URL is missing.")
    if len(url) > MAX_URL:
        raise GuardRefusal(f"The URL is longer than {MAX_URL} characters.")
    # urlsplit() drops tabs and line feeds without an error. Some parsers read a backslash
    # as a slash.
    if any(not 0x21 <= ord(char) <= 0x7E or char in '\\"<>^`{|}' for char in url):
        raise GuardRefusal(
            "The URL contains a space, a control character, a non-ASCII letter or one "
            'of \\ " < > ^ ` { | }. Enter international names in their xn-- form, and '
            "percent-encode other characters."
        )


def _parse_host(netloc, hostname):
    hostname = hostname.lower()
    if "[" in netloc or "]" in netloc or ":" in hostname:
        if "%" in hostname:
            raise GuardRefusal("The URL must not contain an IPv6 zone.")
        try:
            address = ipaddress.IPv6Address(hostname)
        except ValueError as exc:
            raise GuardRefusal("The URL has a malformed IPv6 address.") from exc
        return address.compressed, address
    if _NUMERIC_END.search(hostname):
        # the C library reads 0177.0.0.1, 0x7f.1, 2130706433 and 127.1 as addresses
        try:
            address = ipaddress.IPv4Address(hostname)
        except ValueError as exc:
            raise GuardRefusal(
                "The URL has an IP address in an unusual form. Enter four decimal numbers, "
                "such as 198.51.100.7."
            ) from exc
        return address.compressed, address
    name = hostname.removesuffix(".")
    labels = name.split(".")
    if (
        not name
        or len(name) > 253
        or not all(_LABEL.fullmatch(label) for label in labels)
    ):
        raise GuardRefusal("The URL has a malformed host name.")
    return name, None


def parse_ports(text: str) -> tuple[tuple[int, int], ...]:
    """Parse a list of ports and ranges such as ``"443, 8443, 9000-9010"``.

    :raises GuardRefusal: a part is not a port or an ordered range between 1 and 65535
    """
    ranges = []
    for part in filter(None, (part.strip() for part in (text or "").split(","))):
        match = re.fullmatch(r"(\d{1,5})(?:\s*-\s*(\d{1,5}))?", part, re.ASCII)
        first = int(match[1]) if match else 0
        last = int(match[2] or match[1]) if match else 0
        if not 1 <= first <= last <= 65535:
            raise GuardRefusal(
                f"“{part}” is not a port or a range of ports. Enter numbers from 1 to "
                "65535, such as 443 or 9000-9010."
            )
        ranges.append((first, last))
    if not ranges:
        raise GuardRefusal("No port is allowed. Enter at least one port, such as 443.")
    return tuple(ranges)


# --- addresses ------------------------------------------------------------------------


def network_texts(text: str | None) -> list[str]:
    """Return the networks in ``text`` as they were entered."""
    return list(dict.fromkeys(filter(None, re.split(r"[\s,;]+", text or ""))))


def parse_networks(text: str) -> tuple[IPNetwork, ...]:
    """Parse networks in CIDR notation, separated by commas, spaces or line ends.

    :raises GuardRefusal: a network is malformed, has host bits, or is too broad
    """
    networks = []
    for part in network_texts(text):
        try:
            network = ipaddress.ip_network(part)
        except ValueError as exc:
            raise GuardRefusal(
                f"“{part[:60]}” is not a network in CIDR notation, such as "
                "10.20.0.0/16."
            ) from exc
        if network.prefixlen < (8 if network.version == 4 else 16):
            raise GuardRefusal(
                f"The network {network} is too broad. Enter a smaller network."
            )
        if network not in networks:
            networks.append(network)
    return tuple(networks)


def is_wrapper(address: IPAddress) -> bool:
    """Return whether an IPv6 address is another form of an IPv4 address."""
    return address not in _NOT_COMPATIBLE and any(
        address in network for network in _WRAPPERS
    )


def embedded_addresses(address: IPAddress) -> list[ipaddress.IPv4Address]:
    """Return the IPv4 addresses that an IPv6 address embeds.

    All transition mechanisms are read. The list is empty for most addresses.
    """
    if address.version == 4:
        return []
    number = int(address)
    found = []
    if is_wrapper(address):
        found.append(number & 0xFFFFFFFF)
    if address.sixtofour:  # RFC 3056
        found.append(int(address.sixtofour))
    if address in _TEREDO:  # RFC 4380: the server, and the client with inverted bits
        found += [(number >> 64) & 0xFFFFFFFF, ~number & 0xFFFFFFFF]
    if address in _LOCAL_NAT64:
        found += _local_nat64(number)
    if (number >> 32) & 0xFDFFFFFF == 0x5EFE:  # ISATAP, RFC 5214
        found.append(number & 0xFFFFFFFF)
    return [ipaddress.IPv4Address(item) for item in found]


def _local_nat64(number):
    """Return the IPv4 addresses that an address of 64:ff9b:1::/48 may embed.

    RFC 8215 does not define the length of the prefix, so all possible lengths are read.
    """
    found = {number & 0xFFFFFFFF}
    for before, after, zeros in _LOCAL_NAT64_FORMS:
        if not number & ((1 << zeros) - 1):
            high = (number >> 64) & ((1 << before) - 1)
            low = (number >> zeros) & ((1 << after) - 1)
            found.add(high << after | low)
    # An address that starts with zero is padding of another form, if another form fits.
    return sorted(item for item in found if item >> 24) or [0]


def check_address(text: str, networks: tuple[IPNetwork, ...] = ()) -> IPAddress:
    """Check one address and every address that it embeds, and return it.

    :param networks: networks that the endpoint allows
    :raises GuardRefusal: an address is neither public nor in an allowed network
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError as exc:
        raise GuardRefusal("The host name resolves to a malformed address.") from exc
    if getattr(address, "scope_id", None):
        raise GuardRefusal("An IPv6 address with a zone is not allowed.")
    checked = embedded_addresses(address)
    if not checked or not is_wrapper(address):
        checked.insert(0, address)
    if address in _METADATA or any(item in _METADATA for item in checked):
        raise GuardRefusal(f"{address} is a metadata service, which is never allowed.")
    for item in checked:
        for network, why in _NEVER:
            if item in network:
                raise GuardRefusal(f"{address} is {why}, which is never allowed.")
    for item in checked:
        why = _not_public(item)
        if why and not any(item in network for network in networks):
            raise GuardRefusal(
                f"{address} is {why}. An administrator can allow its network for this "
                "endpoint."
                if item == address
                else f"{address} embeds {item}, which is {why}. An administrator can "
                "allow its network for this endpoint."
            )
    return address


def _not_public(address):
    """Return the reason why an address is not public, or None."""
    why = next((why for network, why in _SPECIAL if address in network), None)
    if not why and address.version == 6 and address not in _PUBLIC_V6:
        why = "not a public address"
    return why


def check_addresses(texts, networks: tuple[IPNetwork, ...] = ()) -> list[IPAddress]:
    """Check every address of a name; one refused address refuses the name.

    :raises GuardRefusal: an address is refused (:func:`check_address`), or there is no
        address
    """
    addresses = [check_address(text, networks) for text in texts]
    if not addresses:
        raise GuardRefusal("The host name resolves to no address.")
    return addresses
