"""The sender against a real receiver that misbehaves."""

import datetime
import ipaddress
import socket
import ssl
import time

import interop_webhook_receiver as hostile
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from interop_webhook_tools import http_channel, http_sender, url_guard
from interop_webhook_tools.http_channel import Receiver, Request

LOOPBACK = url_guard.parse_networks("127.0.0.0/8")
PORTS = url_guard.parse_ports("1024-65535")


@pytest.fixture(scope="module")
def sender():
    sender = http_sender.Sender(now=lambda: "now")
    yield sender
    sender.close()


def to(url, **values):
    """A receiver on loopback that is allowed, unless told otherwise."""
    return Receiver(
        **{
            "key": url,
            "url": url,
            "allow_http": True,
            "ports": PORTS,
            "networks": LOOPBACK,
            "total_timeout": 20,
            "connect_timeout": 10,
            **values,
        }
    )


def send(sender, receiver, body=b"{}", headers=None, count=1, seconds=10):
    requests = [
        Request(number, receiver, body, lambda: dict(headers or {}))
        for number in range(count)
    ]
    answers = list(sender.run(requests, seconds))
    assert sorted(answer.ref for answer in answers) == list(range(count))
    return answers[0] if count == 1 else answers


def test_success_is_the_very_bytes(sender):
    with hostile.Receiver() as receiver:
        answer = send(
            sender, to(receiver.url + "?a=%2F&b"), b"\x00\xff{}", {"X-A": "1"}
        )
        assert (answer.status, answer.failure, answer.body) == (200, None, b"ok")
        assert answer.started_at == "now" and answer.duration_ms >= 0
        (received,) = receiver.requests
        assert received.body == b"\x00\xff{}" and received.path == "/hook?a=%2F&b"
        assert received.method == "POST" and received.header("x-a") == "1"
        assert received.header("host") == f"127.0.0.1:{receiver.port}"
        assert received.header("content-length") == "4"
        assert received.header("user-agent") == http_channel.USER_AGENT


def test_connections_are_kept_and_bounded(sender):
    with hostile.Receiver() as receiver:
        answers = send(sender, to(receiver.url, concurrency=3), count=60)
        assert {answer.status for answer in answers} == {200}
        assert len(receiver.requests) == 60 and receiver.connections <= 3


def test_every_status_is_an_answer(sender):
    for status in (204, 301, 400, 410, 429, 500, 599):
        with hostile.Receiver(status) as receiver:
            answer = send(sender, to(receiver.url))
            assert (answer.status, answer.failure) == (status, None)


def test_retry_after_is_handed_on(sender):
    def busy(connection, received):
        hostile.send(
            connection, 503, headers=[("Retry-After", "17"), ("Retry-After", "18")]
        )
        return True

    with hostile.Receiver(busy) as receiver:
        assert send(sender, to(receiver.url)).retry_after == "17"


def test_redirects_are_never_followed(sender):
    with hostile.Receiver() as inner:
        with hostile.Receiver(hostile.redirect(inner.url)) as receiver:
            answer = send(sender, to(receiver.url))
            assert answer.status == 302 and len(receiver.requests) == 1
        assert not inner.requests


@pytest.mark.parametrize(
    ("behavior", "failure"),
    [
        (hostile.reset_after_receipt, "reset"),
        (hostile.silent, "timeout"),
        (hostile.slow_drip, "timeout"),
        (hostile.slow_head, "timeout"),
        (hostile.garbage, "protocol"),
        (hostile.huge_header, "protocol"),
        (hostile.truncated, "protocol"),
    ],
)
def test_faults(sender, behavior, failure):
    with hostile.Receiver(behavior) as receiver:
        started = time.monotonic()
        answer = send(sender, to(receiver.url, total_timeout=1))
        assert (answer.failure, answer.status) == (failure, None)
        assert time.monotonic() - started < 10 and answer.detail
        assert len(receiver.requests) == 1, (
            "sent once; the engine decides about the next try"
        )


def test_connecting_has_a_limit_of_its_own(sender):
    """TCP is there at once, TLS never: the time for the exchange is not used up."""
    with hostile.Receiver(hostile.silent) as receiver:
        url = receiver.url.replace("http://", "https://")
        started = time.monotonic()
        answer = send(sender, to(url, connect_timeout=0.3))
        assert (answer.failure, answer.status) == ("timeout", None)
        assert time.monotonic() - started < 10


def test_endless_answer_is_cut(sender):
    with hostile.Receiver(hostile.endless) as receiver:
        answer = send(sender, to(receiver.url, max_response_bytes=1000))
        assert answer.status == 200 and answer.body == b"x" * 1000


def test_gzip_bomb_stays_small(sender):
    with hostile.Receiver(hostile.gzip_bomb) as receiver:
        target = to(receiver.url, max_response_bytes=100_000)
        answer = send(sender, target)
        assert answer.status == 200 and answer.body == b"\0" * 100_000


def test_closed_keepalive_connection_is_not_a_failure(sender):
    with hostile.Receiver(hostile.hang_up_after_answer) as receiver:
        channel = to(receiver.url, concurrency=1)
        answers = send(sender, channel, count=20)
        assert {answer.status for answer in answers} == {200}
        assert len(receiver.requests) == 20


def test_nobody_listens(sender):
    with hostile.Receiver() as receiver:
        url = receiver.url
    answer = send(sender, to(url))
    assert answer.failure == "connect" and "refused" in answer.detail.lower()


def test_unknown_name(sender):
    answer = send(
        sender, to("https://nowhere.invalid/", ports=((443, 443),), total_timeout=5)
    )
    assert answer.failure in ("dns", "timeout")


# --- the guard at connect time --------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"networks": ()},
        {"networks": url_guard.parse_networks("10.0.0.0/8")},
        {"allow_http": False},
        {"ports": ((443, 443),)},
    ],
)
def test_refused_targets_are_never_connected(sender, change):
    with hostile.Receiver() as receiver:
        answer = send(sender, to(receiver.url, **change))
        assert answer.failure == "blocked" and answer.detail
        assert receiver.connections == 0


def test_rebinding(sender, monkeypatch):
    """The name was public when it was saved, and is loopback when it is used."""
    real = socket.getaddrinfo

    def rebound(host, port, *args, **kwargs):
        if host == "public.example":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    with hostile.Receiver() as receiver:
        url = f"http://public.example:{receiver.port}/"
        answer = send(sender, to(url, networks=()))
        assert answer.failure == "blocked" and "loopback" in answer.detail
        assert receiver.connections == 0
        assert send(sender, to(url)).status == 200
        assert receiver.requests[0].header("host") == f"public.example:{receiver.port}"


def test_the_socket_is_the_last_gate():
    """Even an address that no resolver saw is checked before it is connected to."""
    factory = http_channel._guarded_socket(())
    with pytest.raises(http_channel.AddressRefused):
        factory((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80)))


def test_octal_loopback(sender):
    with hostile.Receiver() as receiver:
        answer = send(sender, to(f"http://0177.0.0.1:{receiver.port}/"))
        assert answer.failure == "blocked" and receiver.connections == 0


@pytest.mark.parametrize("secure", [False, True])
def test_proxies_and_netrc_of_the_environment_are_ignored(
    sender, monkeypatch, tmp_path, self_signed, secure
):
    context, authority = self_signed if secure else (None, "")
    with hostile.Receiver() as proxy, hostile.Receiver(tls=context) as receiver:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login a password b\n")
        monkeypatch.setenv("NETRC", str(netrc))
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{proxy.port}")
        assert send(sender, to(receiver.url, ca_pem=authority)).status == 200
        assert proxy.connections == 0
        assert receiver.requests[0].header("authorization") is None


def test_cookies_are_not_kept(sender):
    def sets_cookie(connection, received):
        hostile.send(connection, headers=[("Set-Cookie", "a=b; Path=/")])
        return True

    with hostile.Receiver(sets_cookie) as receiver:
        send(sender, to(receiver.url), count=1)
        send(sender, to(receiver.url), count=1)
        assert [request.header("cookie") for request in receiver.requests] == [
            None,
            None,
        ]


# --- TLS ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory):
    """A server context with a self-signed certificate, and its PEM text."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    path = tmp_path_factory.mktemp("tls") / "receiver.pem"
    path.write_bytes(
        pem
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, pem.decode()


def test_unknown_certificate_authority_is_refused(sender, self_signed):
    with hostile.Receiver(tls=self_signed[0]) as receiver:
        answer = send(sender, to(receiver.url))
        assert answer.failure == "tls" and not receiver.requests


def test_own_certificate_authority(sender, self_signed):
    with hostile.Receiver(tls=self_signed[0]) as receiver:
        assert send(sender, to(receiver.url, ca_pem=self_signed[1])).status == 200
        # the certificate names 127.0.0.1 and nothing else
        url = receiver.url.replace("127.0.0.1", "localhost")
        assert send(sender, to(url, ca_pem=self_signed[1])).failure == "tls"


# --- isolation and deadlines ----------------------------------------------------------


def test_a_black_hole_does_not_slow_the_others(sender):
    with hostile.Receiver(hostile.silent) as hole, hostile.Receiver() as healthy:
        requests = [
            Request(n, to(hole.url, concurrency=4, total_timeout=3), b"", dict)
            for n in range(50)
        ]
        requests += [
            Request(n, to(healthy.url, total_timeout=10), b"", dict)
            for n in range(50, 100)
        ]
        started = time.monotonic()
        seen = {}
        for answer in sender.run(requests, 4):
            seen[answer.ref] = (answer, time.monotonic() - started)
        assert len(seen) == 100
        assert all(seen[n][0].status == 200 and seen[n][1] < 3 for n in range(50, 100))
        kinds = {seen[n][0].failure for n in range(50)}
        assert kinds == {"timeout", "not_sent"}
        assert time.monotonic() - started < 12


def test_headers_are_made_when_sending(sender):
    """What waits for a slot is signed when it goes, not when it was queued."""
    moments = []

    def slow(connection, received):
        time.sleep(0.2)
        hostile.send(connection)
        return True

    with hostile.Receiver(slow) as receiver:
        channel = to(receiver.url, concurrency=1, total_timeout=5)

        def headers():
            moments.append(time.monotonic())
            return {}

        list(sender.run([Request(n, channel, b"", headers) for n in range(3)], 5))
    assert moments[1] - moments[0] > 0.15 and moments[2] - moments[1] > 0.15


def test_our_headers_win(sender):
    with hostile.Receiver() as receiver:
        send(
            sender,
            to(receiver.url),
            headers={"Host": "evil.example", "User-Agent": "x"},
        )
        assert receiver.requests[0].header("host") == f"127.0.0.1:{receiver.port}"
        assert receiver.requests[0].header("user-agent") == http_channel.USER_AGENT


def test_a_fault_in_the_headers_is_an_answer(sender):
    def broken():
        raise KeyError("secret value")

    with hostile.Receiver() as receiver:
        request = Request(0, to(receiver.url), b"", broken)
        (answer,) = sender.run([request], 1)
        assert answer.failure == "internal" and "secret" not in answer.detail


def test_leaving_early_cancels(sender):
    with hostile.Receiver(hostile.silent) as receiver:
        channel = to(receiver.url, total_timeout=20, concurrency=2)
        with hostile.Receiver() as quick:
            requests = [Request(0, to(quick.url), b"", dict)]
            requests += [Request(n, channel, b"", dict) for n in range(1, 5)]
            answers = sender.run(requests, 20)
            assert next(answers).ref == 0
            answers.close()
        time.sleep(0.2)
        assert not next(
            item for key, item in sender._channels.items() if key.key == receiver.url
        ).busy


def test_close_ends_the_thread():
    sender = http_sender.Sender(now=lambda: None)
    with hostile.Receiver() as receiver:
        assert send(sender, to(receiver.url)).status == 200
    sender.close()
    sender.close()
    assert not sender._thread.is_alive()
