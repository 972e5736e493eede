"""The only file of the suite that sends HTTP.

A :class:`Channel` keeps the connections to one receiver. Measurements led to aiohttp. On
one machine, with 64 requests in flight to a loopback receiver, aiohttp sent 8,600 signed
POSTs per second. urllib3 sent 3,100 (one thread; more threads were slower), requests
1,100, and httpx 220.

Guarantees of a channel:

* The URL and every address are checked for each new connection. The connection uses the
  address that was checked (see ``url_guard``).
* Proxies, .netrc and cookies of the environment are ignored. Redirects are not followed.
  A configured proxy uses another channel (``proxy_channel``).
* One deadline covers the whole exchange, from name resolution to the last byte.
* At most ``max_response_bytes`` of a response are kept, before and after decompression.
* The HTTP client never repeats a request, with one exception: a kept-alive connection
  that was closed before the first byte of a response. The request is then sent once more
  with the same bytes.
"""

import asyncio
import os
import socket
import ssl
import time
import zlib
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from . import oauth, url_guard

USER_AGENT = "interop-webhook/1"
KEEPALIVE_SECONDS = 4  # below 5 s, when common servers close idle connections
CHUNK = 65536
# The sockets that were opened in this context. The tracing of aiohttp would report them
# as well, but would take a tenth of the processor time of each exchange.
_sockets: ContextVar[list] = ContextVar("interop_webhook_sockets")


class AddressRefused(OSError):
    """The URL guard refused an address; aiohttp passes an ``OSError`` through."""


@dataclass(frozen=True)
class Proxy:
    """An outgoing proxy, ``http://host:port``; ``credential`` is ``user:password``."""

    url: str
    credential: str = field(default="", repr=False)


@dataclass(frozen=True)
class Receiver:
    """Connection settings of one endpoint. Equal receivers share connections and limits.

    ``key`` identifies the endpoint. Timeouts are in seconds. ``networks`` are the allowed
    private networks (``url_guard.parse_networks``). ``ca_pem`` replaces the certificate
    authorities of the system. ``client_pem`` is the client certificate with its private
    key (mutual TLS). With a ``proxy`` all connections use that proxy.
    """

    key: str
    url: str
    allow_http: bool = False
    ports: tuple = url_guard.DEFAULT_PORTS
    networks: tuple = ()
    connect_timeout: float = 5.0
    total_timeout: float = 20.0
    concurrency: int = 8
    max_response_bytes: int = 65536
    ca_pem: str = ""
    client_pem: str = field(default="", repr=False)
    proxy: Proxy | None = None


class Request(NamedTuple):
    """One POST request.

    ``headers`` is called just before sending, so that the signature has the current time.
    With a ``grant`` the request has an access token.
    """

    ref: Any
    receiver: Receiver
    body: bytes
    headers: Callable[[], dict[str, str]]
    grant: oauth.Grant | None = None


class Answer(NamedTuple):
    """The response or the failure of one request.

    Either ``status`` is set, or ``failure`` (a failure of ``outcome``, or ``not_sent``).
    ``started_at`` is the time of the sender's clock. ``detail`` is safe to store and show.
    """

    ref: Any
    started_at: Any
    duration_ms: int = 0
    status: int | None = None
    retry_after: str | None = None
    content_type: str | None = None
    body: bytes = b""
    failure: str | None = None
    detail: str = ""


class Channel:
    """The session, the checked URL and the in-flight limit of one receiver."""

    def __init__(self, receiver, context):
        self.receiver = receiver
        self.used = time.monotonic()
        self.busy = 0
        self.slots = asyncio.Semaphore(max(1, receiver.concurrency))
        target = url_guard.parse_url(
            receiver.url, allow_http=receiver.allow_http, ports=receiver.ports
        )
        if target.address:
            url_guard.check_address(str(target.address), receiver.networks)
        # built from the checked parts, so that no second parser reads the URL
        self._url = URL(
            f"{target.scheme}://{target.authority}{target.path_qs}", encoded=True
        )
        self._authority = target.authority
        self._target = target
        networks = self._connected_networks()
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                ssl=context,
                resolver=GuardedResolver(networks),
                socket_factory=_guarded_socket(networks),
                ttl_dns_cache=10,
                keepalive_timeout=KEEPALIVE_SECONDS,
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            raise_for_status=False,
            trust_env=False,
        )

    def _connected_networks(self):
        """Return the private networks that connections may use."""
        return self.receiver.networks

    async def post(self, request):
        """Send one request and return its answer; failures are answers, too."""
        deadline = time.monotonic() + self.receiver.total_timeout
        headers = {
            **request.headers(),
            "Host": self._authority,
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        }
        sockets = []
        _sockets.set(sockets)
        try:
            return await self._exchange(request, headers, deadline)
        except (
            aiohttp.ServerDisconnectedError,
            aiohttp.ClientOSError,
            ConnectionError,
        ) as exc:
            failure = exc
        except Exception as exc:  # noqa: BLE001 - _failed maps each kind to an answer
            return _failed(request.ref, exc)
        if sockets:
            return _failed(request.ref, failure)
        try:
            return await self._exchange(request, headers, deadline)
        except Exception as exc:  # noqa: BLE001 - as above
            return _failed(request.ref, exc)

    async def _exchange(self, request, headers, deadline, url=None, **way):
        timeout = aiohttp.ClientTimeout(
            total=max(0.001, deadline - time.monotonic()),
            connect=self.receiver.connect_timeout,
            ceil_threshold=float("inf"),
        )
        async with self.session.post(
            url or self._url,
            data=request.body,
            headers=headers,
            allow_redirects=False,
            timeout=timeout,
            **way,
        ) as response:
            body = await self._read(response)
            return Answer(
                request.ref,
                None,
                status=response.status,
                retry_after=response.headers.get("Retry-After"),
                content_type=response.headers.get("Content-Type"),
                body=_inflate(
                    body,
                    response.headers.get("Content-Encoding", ""),
                    self.receiver.max_response_bytes,
                ),
            )

    async def _read(self, response):
        """Read the body up to the limit; close the connection if the body is larger."""
        cap = self.receiver.max_response_bytes
        chunks, size = [], 0
        while size <= cap:
            chunk = await response.content.read(min(CHUNK, cap + 1 - size))
            if not chunk:
                break
            chunks.append(chunk)
            size += len(chunk)
        if size > cap:
            response.close()
        return b"".join(chunks)[:cap]


class GuardedResolver(AbstractResolver):
    """Resolves a name, and refuses it if one of its addresses is not allowed."""

    def __init__(self, networks):
        self._networks = networks

    async def resolve(self, host, port=0, family=socket.AF_UNSPEC):
        """Return every address of ``host``.

        :raises AddressRefused: the URL guard refuses one of the addresses
        """
        infos = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, family=family
        )
        try:
            url_guard.check_addresses((info[4][0] for info in infos), self._networks)
        except url_guard.GuardRefusal as refusal:
            raise AddressRefused(str(refusal)) from refusal
        return [
            {
                "hostname": host,
                "host": info[4][0],
                "port": port,
                "family": info[0],
                "proto": info[2],
                "flags": socket.AI_NUMERICHOST,
            }
            for info in infos
        ]

    async def close(self):
        """Do nothing: the resolver threads belong to the sender."""


def _guarded_socket(networks):
    """Return a socket factory that checks the address of each connection."""

    def factory(addr_info):
        family, kind, proto, _canonname, address = addr_info
        try:
            url_guard.check_address(address[0], networks)
        except url_guard.GuardRefusal as refusal:
            raise AddressRefused(str(refusal)) from refusal
        sock = socket.socket(family, kind, proto)
        _sockets.get([]).append(sock.fileno())
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    return factory


def _inflate(body, encoding, cap):
    """Return at most ``cap`` bytes of the decompressed body, empty if unreadable."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        return b""
    try:
        return zlib.decompressobj(47 if "gzip" in encoding else 15).decompress(
            body, cap
        )
    except zlib.error:
        return b""


def _failed(ref, exc):
    """Return the answer for an exception of the HTTP client."""
    refusal = find_refusal(exc)
    if refusal:
        return Answer(ref, None, failure="blocked", detail=str(refusal))
    for types, failure, detail in _FAILURES:
        if isinstance(exc, types):
            return Answer(ref, None, failure=failure, detail=detail + _reason(exc))
    return Answer(ref, None, failure="internal", detail=type(exc).__name__)


def find_refusal(exc):
    """Return the refusal of the URL guard among the causes of ``exc``, or None."""
    for _depth in range(8):
        if exc is None or isinstance(exc, AddressRefused):
            return exc
        exc = getattr(exc, "os_error", None) or exc.__cause__ or exc.__context__
    return None


def _reason(exc):
    """Return the text of the operating system or OpenSSL, without addresses or URLs."""
    inner = (
        getattr(exc, "os_error", None) or getattr(exc, "certificate_error", None) or exc
    )
    text = getattr(inner, "verify_message", "") or getattr(inner, "reason", "")
    if not text and isinstance(inner, OSError) and inner.errno:
        text = os.strerror(inner.errno)
    return f" ({str(text)[:100]})" if text and "://" not in str(text) else ""


_FAILURES = (
    (aiohttp.ClientConnectorDNSError, "dns", "The host name could not be resolved"),
    (
        (aiohttp.ClientSSLError, ssl.SSLError, ssl.CertificateError),
        "tls",
        "The TLS connection failed",
    ),
    (asyncio.TimeoutError, "timeout", "The receiver did not answer within the timeout"),
    (aiohttp.ClientConnectorError, "connect", "The connection failed"),
    (
        (aiohttp.ServerDisconnectedError, ConnectionError, aiohttp.ClientOSError),
        "reset",
        "The receiver closed the connection before it answered",
    ),
    (
        (aiohttp.ClientError, ValueError),
        "protocol",
        "The response is not valid HTTP",
    ),
)


def is_certificate(pem: str) -> bool:
    """Return whether a text has at least one certificate that OpenSSL accepts as a CA."""
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=pem)
        return bool(context.get_ca_certs() or context.cert_store_stats()["x509"])
    except (ssl.SSLError, ValueError, TypeError):
        return False
