"""Through a real proxy to a real receiver, and never around the proxy."""

import base64
import socket
import time

import interop_webhook_certificates as certificates
import interop_webhook_proxy as proxies
import interop_webhook_receiver as hostile
import pytest
from interop_webhook_tools import http_sender, proxy_channel, url_guard
from interop_webhook_tools.http_channel import Proxy, Receiver, Request

LOOPBACK = url_guard.parse_networks("127.0.0.0/8")
HOST = "hooks.partner.test"
NAMED = certificates.server_context(host=HOST)
LITERAL = certificates.server_context()


@pytest.fixture(scope="module")
def sender():
    sender = http_sender.Sender(now=lambda: "now")
    yield sender
    sender.close()


@pytest.fixture
def addresses(monkeypatch):
    """What each look-up of ``HOST`` finds, in order; the last one stays."""
    found = [["127.0.0.1"]]
    original = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **kwargs):
        if host != HOST:
            return original(host, port, *args, **kwargs)
        now = found.pop(0) if len(found) > 1 else found[0]
        return [info for ip in now for info in original(ip, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return found


@pytest.fixture
def receiver():
    with hostile.Receiver(tls=NAMED[0]) as receiver:
        yield receiver


@pytest.fixture
def proxy():
    with proxies.Proxy() as proxy:
        yield proxy


def send(sender, receiver, through, count=1, **values):
    """Post to ``receiver`` under its name, through the proxy ``through``."""
    receiver = Receiver(
        **{
            "key": f"{receiver.port}",
            "url": f"https://{HOST}:{receiver.port}/hook",
            "ports": url_guard.parse_ports("1024-65535"),
            "networks": LOOPBACK,
            "total_timeout": 2.0,
            "connect_timeout": 1.0,
            "ca_pem": NAMED[1],
            "proxy": Proxy(through.url),
            **values,
        }
    )
    requests = [Request(n, receiver, b'{"a":1}', dict) for n in range(count)]
    answers = list(sender.run(requests, 10))
    assert len(answers) == count
    return answers[0] if count == 1 else answers


def test_the_tunnel_goes_to_the_checked_address_and_tls_to_the_name(
    sender, receiver, proxy, addresses
):
    answer = send(sender, receiver, proxy)
    assert (answer.status, answer.failure) == (200, None)
    assert proxy.asked == [f"127.0.0.1:{receiver.port}"]
    (received,) = receiver.requests
    assert received.header("host") == f"{HOST}:{receiver.port}"
    assert (received.path, received.body) == ("/hook", b'{"a":1}')
    assert "/hook" not in proxy.heads[0] and "webhook" not in proxy.heads[0]


def test_the_certificate_must_be_that_of_the_name(sender, proxy, addresses):
    with hostile.Receiver(tls=LITERAL[0]) as other:
        answer = send(sender, other, proxy, ca_pem=LITERAL[1])
        assert answer.failure == "tls" and not other.requests and proxy.asked
        # … and of the address where the URL names one
        url = f"https://127.0.0.1:{other.port}/hook"
        assert send(sender, other, proxy, ca_pem=LITERAL[1], url=url).status == 200


def test_a_proxy_that_leads_elsewhere_gains_nothing(sender, receiver, addresses):
    with (
        hostile.Receiver(tls=LITERAL[0]) as thief,
        proxies.Proxy(leads_to=("127.0.0.1", thief.port)) as proxy,
    ):
        assert send(sender, receiver, proxy).failure == "tls"
        assert not thief.requests


def test_the_credential_is_for_the_proxy_alone(sender, receiver, proxy, addresses):
    credential = Proxy(proxy.url, "odoo:pass:word")
    assert "word" not in repr(credential)
    assert send(sender, receiver, proxy, proxy=credential).status == 200
    expected = base64.b64encode(b"odoo:pass:word").decode()
    assert f"Proxy-Authorization: Basic {expected}" in proxy.heads[0]
    assert receiver.requests[0].header("proxy-authorization") is None


def test_tunnels_are_kept_and_bounded(sender, receiver, proxy, addresses):
    answers = send(sender, receiver, proxy, count=30, concurrency=2)
    assert {answer.status for answer in answers} == {200}
    assert len(receiver.requests) == 30 and len(proxy.asked) <= 2


def test_an_unreachable_proxy_is_never_gone_around(sender, receiver, addresses):
    with proxies.Proxy() as proxy:
        pass
    answer = send(sender, receiver, proxy)
    assert (answer.failure, answer.status) == ("connect", None)
    assert answer.detail == "The outgoing proxy is not reachable"
    named = Proxy("http://proxy.invalid:3128")
    answer = send(sender, receiver, proxy, proxy=named)
    assert answer.failure == "dns" and "outgoing proxy" in answer.detail
    assert receiver.connections == 0


@pytest.mark.parametrize("status", [302, 403, 407, 502])
def test_what_the_proxy_refuses_is_tried_again_later(
    sender, receiver, addresses, status
):
    with proxies.Proxy(status) as proxy:
        answer = send(sender, receiver, proxy)
    assert (answer.failure, answer.status) == ("connect", None)
    assert answer.detail == f"The outgoing proxy answered {status}"
    assert receiver.connections == 0


def test_a_silent_proxy_has_the_time_to_connect(sender, receiver, addresses):
    with proxies.Proxy(None) as proxy:
        started = time.monotonic()
        answer = send(sender, receiver, proxy, connect_timeout=0.3, total_timeout=20)
        assert answer.failure == "timeout"
    assert time.monotonic() - started < 10 and receiver.connections == 0


def test_the_receiver_is_guarded_as_without_a_proxy(sender, receiver, proxy, addresses):
    assert send(sender, receiver, proxy, networks=()).failure == "blocked"
    for bad in ("169.254.169.254", "10.0.0.7"):
        addresses[:] = [["127.0.0.1", bad]]
        answer = send(sender, receiver, proxy, key=bad)
        assert answer.failure == "blocked" and bad in answer.detail
    plain = f"http://{HOST}:{receiver.port}/"
    answer = send(sender, receiver, proxy, url=plain, allow_http=True)
    assert answer.failure == "blocked" and "https" in answer.detail
    assert not proxy.asked and receiver.connections == 0


def test_a_name_that_changes_its_address_is_checked_again(
    sender, receiver, proxy, addresses, monkeypatch
):
    addresses[:] = [["127.0.0.1"], ["10.0.0.7"]]
    monkeypatch.setattr(proxy_channel, "ADDRESS_SECONDS", 0)
    assert send(sender, receiver, proxy).status == 200
    assert send(sender, receiver, proxy).failure == "blocked"
    assert proxy.asked == [f"127.0.0.1:{receiver.port}"]


def test_another_address_has_its_turn_when_the_proxy_cannot_reach_the_first(
    sender, receiver, addresses
):
    addresses[:] = [["127.0.0.2", "127.0.0.3"]]
    with proxies.Proxy(504) as proxy:
        for _try in range(2):
            send(sender, receiver, proxy)
    assert [target.split(":")[0] for target in proxy.asked] == [
        "127.0.0.2",
        "127.0.0.3",
    ]


def test_unknown_name(sender, receiver, proxy):
    url = f"https://unknown.invalid:{receiver.port}/"
    assert send(sender, receiver, proxy, url=url).failure == "dns"
    assert not proxy.asked


def test_metadata_services_are_no_proxy(sender, receiver, proxy, addresses):
    for url in ("http://169.254.169.254:80", f"http://{HOST}:3128"):
        addresses[:] = [["127.0.0.1"], ["169.254.169.254"]]
        answer = send(sender, receiver, proxy, key=url, proxy=Proxy(url))
        assert answer.failure == "blocked" and "metadata" in answer.detail


@pytest.mark.parametrize(
    "url",
    [
        "",
        "proxy.example.org:3128",
        "https://proxy.example.org:3128",
        "socks5://proxy.example.org:1080",
        "http://user:password@proxy.example.org:3128",
        "http://proxy.example.org:3128/path",
        "http://proxy.example.org:99999",
        "http://169.254.169.254:80",
    ],
)
def test_urls_that_are_no_proxy(url):
    with pytest.raises(url_guard.GuardRefusal):
        proxy_channel.check_url(url)


def test_urls_of_proxies():
    for url in ("http://proxy.example.org:3128", "http://10.0.0.5:8080/"):
        proxy_channel.check_url(url)
