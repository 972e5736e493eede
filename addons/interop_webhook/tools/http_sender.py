"""The one file of the suite that sends HTTP.

A :class:`Sender` keeps one event loop in a thread of its own, with keep-alive connections per
receiver, so that whoever calls it can work on the database meanwhile. aiohttp was chosen by
measuring: on one machine, 64 requests in flight to a loopback receiver, it made 8,600 signed
POSTs per second, urllib3 3,100 (one thread, fewer with more), requests 1,100, httpx 220.

What it guarantees towards the network:

* the URL and every address are checked for each new connection, and the connection goes to
  the address that was checked (see ``url_guard``);
* proxies, .netrc and cookies from the environment are ignored, redirects are not followed;
* one deadline over the whole exchange, from the look-up of the name to the last byte read;
* at most ``max_response_bytes`` are kept, before and after decompression;
* a request is never repeated by the client, with one exception: a kept-alive connection that
  turns out to be closed before any byte of an answer, once, with the same bytes.
"""

import asyncio
import contextlib
import os
import queue
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from . import url_guard

USER_AGENT = "interop-webhook/1"
MAX_IN_FLIGHT = 256
IDLE_SECONDS = 60  # a receiver not used for so long loses its connections
KEEPALIVE_SECONDS = 4  # below the 5 s after which common servers hang up
FLUSH_SECONDS = 0.01  # answers are handed over in groups, or two threads fight for the GIL
CHUNK = 65536

# Failures beyond those that interop_base's ``outcome`` knows: nothing left this machine.
NOT_SENT = "not_sent"


class AddressRefused(OSError):
    """The URL guard refused an address; an OSError so that the HTTP client hands it on."""


@dataclass(frozen=True)
class Receiver:
    """How to reach one endpoint. Equal receivers share connections and limits.

    ``key`` tells endpoints apart; timeouts are in seconds; ``networks`` are the private
    networks allowed (``url_guard.parse_networks``); ``ca_pem`` replaces the system's
    certificate authorities.
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


class Request(NamedTuple):
    """One POST. ``headers`` is called at the moment of sending, so that what it signs is fresh."""

    ref: Any
    receiver: Receiver
    body: bytes
    headers: Callable[[], dict[str, str]]


class Answer(NamedTuple):
    """What came back: ``status``, or ``failure`` (a kind of ``outcome``, or ``not_sent``).

    ``started_at`` is what the sender's clock said; ``detail`` is safe to store and show.
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


class Sender:
    """Sends requests concurrently, bounded per receiver and in all.

    :param now: returns the current moment, for ``Answer.started_at``
    """

    def __init__(self, now: Callable[[], Any], max_in_flight: int = MAX_IN_FLIGHT):
        self._now = now
        self._max_in_flight = max_in_flight
        self._channels: dict[Receiver, _Channel] = {}
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._loop = asyncio.new_event_loop()
        self._lookups = ThreadPoolExecutor(32, thread_name_prefix="interop-dns")
        self._loop.set_default_executor(self._lookups)
        self._slots = None
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="interop-webhook", daemon=True
        )
        self._thread.start()

    def run(self, requests: Iterable[Request], seconds: float) -> Iterator[Answer]:
        """Send the requests and yield each answer as it comes, in no particular order.

        A request that could not be started within ``seconds`` is answered ``not_sent``; one
        that was started is waited for until its own deadline. Leaving the iterator early
        cancels what is still running.
        """
        requests = list(requests)
        batch = _Batch(self, requests, time.monotonic() + seconds)
        self._loop.call_soon_threadsafe(batch.start)
        missing = len(requests)
        try:
            while missing:
                answers = batch.ready.get()
                missing -= len(answers)
                yield from answers
        finally:
            if missing:
                self._loop.call_soon_threadsafe(batch.cancel)

    def close(self) -> None:
        """Close every connection and end the thread."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._close_channels(0), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._lookups.shutdown(wait=False)
        self._loop.close()

    # --- everything below runs in the loop's thread -------------------------------------

    def slots(self) -> asyncio.Semaphore:
        """Return the semaphore over all receivers."""
        if self._slots is None:
            self._slots = asyncio.Semaphore(self._max_in_flight)
        return self._slots

    def channel(self, receiver: Receiver) -> "_Channel":
        """Return the open channel to a receiver; GuardRefusal when its URL is refused."""
        channel = self._channels.get(receiver)
        if channel is None:
            channel = _Channel(receiver, self._context(receiver.ca_pem))
            self._channels[receiver] = channel
        channel.used = time.monotonic()
        return channel

    def moment(self):
        """Return the current moment of the caller's clock."""
        return self._now()

    def _context(self, ca_pem):
        context = self._contexts.get(ca_pem)
        if context is None:
            context = ssl.create_default_context(cadata=ca_pem or None)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._contexts[ca_pem] = context
        return context

    async def _close_channels(self, idle):
        limit = time.monotonic() - idle
        for receiver, channel in list(self._channels.items()):
            if channel.used <= limit and not channel.busy:
                del self._channels[receiver]
                await channel.session.close()
        if not self._channels:
            self._contexts.clear()


class _Batch:
    """The requests of one call of :meth:`Sender.run` and the answers not fetched yet."""

    def __init__(self, sender, requests, deadline):
        self.ready = queue.SimpleQueue()
        self._sender = sender
        self._requests = requests
        self._deadline = deadline
        self._answers = []
        self._open = len(requests)
        self._flushing = False
        self._tasks = set()

    def start(self):
        loop = asyncio.get_running_loop()
        loop.create_task(self._sender._close_channels(IDLE_SECONDS))
        for request in self._requests:
            task = loop.create_task(self._one(request))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def cancel(self):
        for task in self._tasks:
            task.cancel()

    async def _one(self, request):
        started_at = self._sender.moment()
        try:
            answer = await self._send(request)
        except url_guard.GuardRefusal as refusal:
            answer = Answer(request.ref, started_at, failure="blocked", detail=str(refusal))
        except Exception as exc:  # a fault of ours must not leave the message without an answer
            answer = Answer(
                request.ref, started_at, failure="internal", detail=type(exc).__name__
            )
        self._finish(answer)

    async def _send(self, request):
        channel = self._sender.channel(request.receiver)
        channel.busy += 1
        try:
            async with contextlib.AsyncExitStack() as stack:
                for slots in (channel.slots, self._sender.slots()):
                    if not await self._acquire(slots):
                        return Answer(request.ref, self._sender.moment(), failure=NOT_SENT)
                    stack.callback(slots.release)
                started_at, started = self._sender.moment(), time.monotonic()
                answer = await channel.post(request)
                elapsed = round((time.monotonic() - started) * 1000)
                return answer._replace(started_at=started_at, duration_ms=elapsed)
        finally:
            channel.busy -= 1

    async def _acquire(self, slots):
        """Take a slot, or return False when the deadline comes first."""
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            return False
        if not slots.locked():
            await slots.acquire()
            return True
        try:
            await asyncio.wait_for(slots.acquire(), remaining)
        except asyncio.TimeoutError:
            return False
        return True

    def _finish(self, answer):
        self._answers.append(answer)
        self._open -= 1
        if not self._open:
            self._flush()
        elif not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._flush)

    def _flush(self):
        self._flushing = False
        if self._answers:
            self.ready.put(self._answers)
            self._answers = []


class _Channel:
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
        # built from the parts that were checked: no second parser reads the URL
        self._url = URL(f"{target.scheme}://{target.authority}{target.path_qs}", encoded=True)
        self._authority = target.authority
        tracing = aiohttp.TraceConfig()
        tracing.on_connection_reuseconn.append(_note_reuse)
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                ssl=context,
                resolver=_GuardedResolver(receiver.networks),
                socket_factory=_guarded_socket(receiver.networks),
                ttl_dns_cache=10,
                keepalive_timeout=KEEPALIVE_SECONDS,
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            raise_for_status=False,
            trace_configs=[tracing],
            trust_env=False,
        )

    async def post(self, request):
        """Exchange one request and return its answer; failures are answers too."""
        deadline = time.monotonic() + self.receiver.total_timeout
        headers = {
            **request.headers(),
            "Host": self._authority,
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        }
        trace = {"reused": False}
        try:
            return await self._exchange(request, headers, deadline, trace)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError) as exc:
            failure = exc
        except Exception as exc:  # each kind gets its own answer below
            return _failed(request.ref, exc)
        if not trace["reused"]:
            return _failed(request.ref, failure)
        try:
            return await self._exchange(request, headers, deadline, {"reused": False})
        except Exception as exc:
            return _failed(request.ref, exc)

    async def _exchange(self, request, headers, deadline, trace):
        timeout = aiohttp.ClientTimeout(
            total=max(0.001, deadline - time.monotonic()),
            connect=self.receiver.connect_timeout,
            ceil_threshold=float("inf"),
        )
        async with self.session.post(
            self._url,
            data=request.body,
            headers=headers,
            allow_redirects=False,
            timeout=timeout,
            trace_request_ctx=trace,
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
        """Read at most the cap; more than that closes the connection instead of reading on."""
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


class _GuardedResolver(AbstractResolver):
    """Resolves a name and refuses it when one of its addresses is not acceptable."""

    def __init__(self, networks):
        self._networks = networks

    async def resolve(self, host, port=0, family=socket.AF_UNSPEC):
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
        """Nothing to close: the look-up threads belong to the sender."""


def _guarded_socket(networks):
    """Return the last gate: it sees the very address that is about to be connected to."""

    def factory(addr_info):
        family, kind, proto, _canonname, address = addr_info
        try:
            url_guard.check_address(address[0], networks)
        except url_guard.GuardRefusal as refusal:
            raise AddressRefused(str(refusal)) from refusal
        sock = socket.socket(family, kind, proto)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    return factory


async def _note_reuse(_session, context, _params):
    if context.trace_request_ctx is not None:
        context.trace_request_ctx["reused"] = True


def _inflate(body, encoding, cap):
    """Return the body in clear, at most ``cap`` bytes; what we cannot read becomes empty."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        return b""
    try:
        return zlib.decompressobj(47 if "gzip" in encoding else 15).decompress(body, cap)
    except zlib.error:
        return b""


def _failed(ref, exc):
    """Return the answer for an exception of the HTTP client."""
    refusal = _find_refusal(exc)
    if refusal:
        return Answer(ref, None, failure="blocked", detail=str(refusal))
    for types, failure, detail in _FAILURES:
        if isinstance(exc, types):
            return Answer(ref, None, failure=failure, detail=detail + _reason(exc))
    return Answer(ref, None, failure="internal", detail=type(exc).__name__)


def _find_refusal(exc):
    """Return the refusal of the URL guard among the causes of ``exc``, if there is one."""
    for _depth in range(8):
        if exc is None or isinstance(exc, AddressRefused):
            return exc
        exc = getattr(exc, "os_error", None) or exc.__cause__ or exc.__context__
    return None


def _reason(exc):
    """Return what the operating system or OpenSSL said, without addresses or URLs."""
    inner = getattr(exc, "os_error", None) or getattr(exc, "certificate_error", None) or exc
    text = getattr(inner, "verify_message", "") or getattr(inner, "reason", "")
    if not text and isinstance(inner, OSError) and inner.errno:
        text = os.strerror(inner.errno)
    return f" ({str(text)[:100]})" if text and "://" not in str(text) else ""


_FAILURES = (
    (aiohttp.ClientConnectorDNSError, "dns", "The host name could not be resolved"),
    (
        (aiohttp.ClientSSLError, ssl.SSLError, ssl.CertificateError),
        "tls",
        "The TLS connection could not be made",
    ),
    (asyncio.TimeoutError, "timeout", "No complete answer within the time allowed"),
    (aiohttp.ClientConnectorError, "connect", "The connection could not be made"),
    (
        (aiohttp.ServerDisconnectedError, ConnectionError, aiohttp.ClientOSError),
        "reset",
        "The connection was closed before an answer",
    ),
    (
        (aiohttp.ClientError, ValueError),
        "protocol",
        "The answer is not valid HTTP",
    ),
)


def is_certificate(pem: str) -> bool:
    """Say whether a text holds at least one certificate that OpenSSL accepts as authority."""
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=pem)
        return bool(context.get_ca_certs() or context.cert_store_stats()["x509"])
    except (ssl.SSLError, ValueError, TypeError):
        return False
