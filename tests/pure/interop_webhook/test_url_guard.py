"""The URL guard: what may be written, and which addresses may be reached."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop_webhook_tools import url_guard

REFUSED_URLS = [
    "",
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://example.org/",
    "//example.org/",
    "example.org",
    "http://example.org/",  # http needs an administrator
    "https://",
    "https:///path",
    "https://user@example.org/",
    "https://user:pw@example.org/",
    "https://@example.org/",
    "https://example.org@10.0.0.1/",
    "https://example.org\\@10.0.0.1/",
    "https://example.org/\r\nHost: x",
    "https://exa\tmple.org/",
    "https://exam ple.org/",
    " https://example.org/",
    "https://example.org/#fragment",
    "https://example.org/#",
    "https://exämple.org/",
    "https://example.org:22/",
    "https://example.org:0/",
    "https://example.org:99999/",
    "https://example.org:/",
    "https://example.org:44a/",
    "https://127.1/",
    "https://0177.0.0.1/",
    "https://0x7f.0.0.1/",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://017700000001/",
    "https://1.2.3.4.5/",
    "https://127.0.0.08/",
    "https://a.0x7f/",
    "https://[fe80::1%25eth0]/",
    "https://[::1/",
    "https://[::g]/",
    "https://[v1.fe]/",
    "https://exa_%6dple.org/",
    "https://example..org/",
    "https://-example.org/",
    "https://" + "a" * 64 + ".org/",
    "https://example.org/" + "a" * 2048,
]


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_refused_urls(url):
    with pytest.raises(url_guard.GuardRefusal):
        url_guard.parse_url(url)


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "authority"),
    [
        ("https://Example.ORG", "example.org", 443, "/", "example.org"),
        (
            "https://example.org./a?b=c%20d",
            "example.org",
            443,
            "/a?b=c%20d",
            "example.org",
        ),
        ("https://example.org:8443/x/", "example.org", 8443, "/x/", "example.org:8443"),
        ("https://8.8.8.8/", "8.8.8.8", 443, "/", "8.8.8.8"),
        (
            "https://[2001:4860:4860::8888]:8443/",
            "2001:4860:4860::8888",
            8443,
            "/",
            None,
        ),
        ("https://xn--exmple-cua.org/?q", "xn--exmple-cua.org", 443, "/?q", None),
        ("https://a.b_c.example/", "a.b_c.example", 443, "/", None),
    ],
)
def test_accepted_urls(url, host, port, path, authority):
    target = url_guard.parse_url(url)
    assert (target.host, target.port, target.path_qs) == (host, port, path)
    if authority:
        assert target.authority == authority
    assert (target.address is not None) == (host[0].isdigit())


def test_http_only_where_allowed():
    assert url_guard.parse_url("http://example.org/", allow_http=True).port == 80


def test_ports_from_settings():
    ports = url_guard.parse_ports("9000-9010, 443")
    assert url_guard.parse_url("https://example.org:9005/", ports=ports).port == 9005
    with pytest.raises(url_guard.GuardRefusal, match="9011"):
        url_guard.parse_url("https://example.org:9011/", ports=ports)


@pytest.mark.parametrize(
    "text", ["", " , ", "0", "65536", "10-5", "443;80", "-1", "a", "٤٤٣"]
)
def test_refused_ports(text):
    with pytest.raises(url_guard.GuardRefusal):
        url_guard.parse_ports(text)


REFUSED_ADDRESSES = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.1.1",
    "169.254.169.254",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "100.100.100.200",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:a9fe:a9fe::",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "fc00::1",
    "fd12:3456::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2001::1",
    "2001:db8::1",
    "2001:10::1",
    "3fff::1",
    "100::1",
    "4000::1",
    "2a00:1450:4001::5efe:10.0.0.1",
    "2a00:1450:4001:0:200:5efe:192.168.0.1",
    # S5: the outer address of an ISATAP address has to be public as well
    "fd12:3456::5efe:8.8.8.8",
    "fe80::5efe:8.8.8.8",
    "fe80::200:5efe:8.8.8.8",
    "fec0::5efe:8.8.8.8",
    "ff02::5efe:8.8.8.8",
    "2001:db8::5efe:8.8.8.8",
    "4000::5efe:8.8.8.8",
    "64:ff9b:1:0:0:5efe:808:808",
    # S5: Teredo, translated, and both halves of 6to4 with ISATAP
    "2001:0:808:808::f7f7:f7f7",
    "::ffff:0:10.0.0.1",
    "2002:a00:1::5efe:8.8.8.8",
    "2002:808:808::5efe:10.0.0.1",
    "not an address",
    "",
]


@pytest.mark.parametrize("text", REFUSED_ADDRESSES)
def test_refused_addresses(text):
    with pytest.raises(url_guard.GuardRefusal):
        url_guard.check_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "8.8.8.8",
        "172.32.0.1",
        "172.15.255.255",
        "100.128.0.1",
        "2606:4700::1111",
        "64:ff9b::8.8.8.8",
    ],
)
def test_public_addresses(text):
    assert url_guard.check_address(text) == ipaddress.ip_address(text)


@pytest.mark.parametrize(
    "text", ["10.20.0.5", "::ffff:10.20.0.5", "fd12::7", "64:ff9b::a14:5"]
)
def test_allowed_networks(text):
    networks = url_guard.parse_networks("10.20.0.0/16\nfd12::/32")
    assert url_guard.check_address(text, networks)
    with pytest.raises(url_guard.GuardRefusal):
        url_guard.check_address("10.21.0.5", networks)


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("fd12::5efe:10.20.0.5", "fd12::/32 10.20.0.0/16"),
        ("fd12::5efe:8.8.8.8", "fd12::/32"),
        ("2606:4700::5efe:10.20.0.5", "10.20.0.0/16"),
        ("2001:0:a14:5::f7f7:f7f7", "2001::/32 10.20.0.0/16"),
        ("2001:0:808:808::f5eb:fffa", "2001::/32 10.20.0.0/16"),
        ("64:ff9b:1::10.20.0.5", "64:ff9b:1::/48 10.20.0.0/16"),
        ("64:ff9b:1:a14:0:500::", "64:ff9b:1::/48 10.20.0.0/16"),
        ("64:ff9b:1:a:14:5::", "64:ff9b:1::/48 10.20.0.0/16"),
        ("64:ff9b:1:0:a:1400:500:0", "64:ff9b:1::/48 10.20.0.0/16"),
        ("64:ff9b:1::8.8.8.8", "64:ff9b:1::/48"),
    ],
)
def test_every_part_of_a_transition_address_has_to_be_allowed(text, needed):
    """S5: the networks of the outer and of the embedded address, each on its own."""
    networks = url_guard.parse_networks(needed)
    assert url_guard.check_address(text, networks) == ipaddress.ip_address(text)
    for left_out in networks:
        rest = tuple(network for network in networks if network != left_out)
        with pytest.raises(url_guard.GuardRefusal):
            url_guard.check_address(text, rest)


def test_a_refusal_names_the_embedded_address():
    with pytest.raises(url_guard.GuardRefusal, match="embeds 10.0.0.1"):
        url_guard.check_address("2606:4700::5efe:10.0.0.1")


@pytest.mark.parametrize(
    "text", ["169.254.169.254", "224.0.0.1", "0.0.0.0", "ff02::1", "fd00:ec2::254"]
)
def test_never_allowed_whatever_the_administrator_says(text):
    networks = tuple(ipaddress.ip_network(net) for net in ("0.0.0.0/0", "::/0"))
    with pytest.raises(url_guard.GuardRefusal, match="never allowed"):
        url_guard.check_address(text, networks)


@pytest.mark.parametrize(
    "text", ["10.0.0.1/8", "10.0.0.0/7", "0.0.0.0/0", "::/0", "fd00::/8", "x", "10/8/8"]
)
def test_refused_networks(text):
    with pytest.raises(url_guard.GuardRefusal):
        url_guard.parse_networks(text)


def test_one_bad_address_refuses_the_name():
    with pytest.raises(url_guard.GuardRefusal):
        url_guard.check_addresses(["8.8.8.8", "10.0.0.1"])
    with pytest.raises(url_guard.GuardRefusal, match="no address"):
        url_guard.check_addresses([])


@given(st.text(max_size=80))
def test_never_raises_anything_else(text):
    for call in (
        lambda: url_guard.parse_url("https://" + text),
        lambda: url_guard.parse_url(text, allow_http=True),
        lambda: url_guard.check_address(text),
        lambda: url_guard.parse_networks(text),
        lambda: url_guard.parse_ports(text),
    ):
        try:
            call()
        except url_guard.GuardRefusal as refusal:
            assert str(refusal)


@given(st.ip_addresses(v=4))
def test_what_carries_a_bad_address_is_bad(address):
    """Mapped, NAT64 and 6to4 forms are never more welcome than the address inside."""
    number = int(address)
    forms = [
        ipaddress.IPv6Address((0xFFFF << 32) | number),
        ipaddress.IPv6Address((0x64FF9B << 96) | number),
        ipaddress.IPv6Address((0x2002 << 112) | (number << 80)),
    ]

    def welcome(text):
        try:
            return bool(url_guard.check_address(str(text)))
        except url_guard.GuardRefusal:
            return False

    assert [welcome(form) for form in forms] == [welcome(address)] * 3


@given(st.ip_addresses(v=6), st.ip_addresses(v=4))
def test_isatap_is_judged_by_both_addresses(prefix, address):
    """S5: never more welcome than its prefix, nor than the address inside."""
    whole = (int(prefix) >> 64 << 64) | (0x5EFE << 32) | int(address)

    def welcome(item):
        try:
            return bool(url_guard.check_address(str(item)))
        except url_guard.GuardRefusal:
            return False

    if welcome(ipaddress.IPv6Address(whole)):
        # The prefix with an interface identifier that embeds nothing.
        plain = (int(prefix) >> 64 << 64) | 0x0123_4567_89AB_CDEF
        assert welcome(ipaddress.IPv6Address(plain))
        assert welcome(address)


@given(st.ip_addresses())
def test_never_kinder_than_python(address):
    """Whatever Python calls private, reserved, multicast or link-local is refused."""
    for inner in (address, *url_guard.embedded_addresses(address)):
        if (
            inner.is_private
            or inner.is_multicast
            or inner.is_link_local
            or inner.is_loopback
        ) and not url_guard.is_wrapper(inner):
            with pytest.raises(url_guard.GuardRefusal):
                url_guard.check_address(str(address))
