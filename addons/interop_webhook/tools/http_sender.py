"""Send many requests concurrently in a separate thread.

A :class:`Sender` has one event loop with a ``http_channel.Channel`` per receiver. The
caller can use the database while requests are in flight.
"""

import asyncio
import queue
import ssl
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import client_certificate, oauth, url_guard
from .errors import TokenRefusal
from .http_channel import Answer, Channel, Receiver, Request
from .proxy_channel import ProxyChannel

MAX_IN_FLIGHT = 256
IDLE_SECONDS = 60  # connections to an unused receiver are closed after this time
FLUSH_SECONDS = 0.01  # answers are returned in groups, to reduce thread switches

# A failure in addition to those of ``outcome``: the request did not leave this machine.
NOT_SENT = "not_sent"
NO_TIME_LEFT = (
    "The receiver did not answer within the timeout, including the request for an access "
    "token"
)


class Sender:
    """Sends requests concurrently, with a limit per receiver and a total limit.

    :param now: function that returns the current time, for ``Answer.started_at``
    :param max_in_flight: maximum number of concurrent requests to all receivers
    """

    def __init__(self, now: Callable[[], Any], max_in_flight: int = MAX_IN_FLIGHT):
        self._now = now
        self._max_in_flight = max_in_flight
        self._channels: dict[Receiver, Channel] = {}
        self._contexts: dict[tuple, ssl.SSLContext] = {}
        self._tokens = oauth.TokenCache()
        self._loop = asyncio.new_event_loop()
        self._lookups = ThreadPoolExecutor(32, thread_name_prefix="interop-dns")
        self._loop.set_default_executor(self._lookups)
        self._slots = None
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="interop-webhook", daemon=True
        )
        self._thread.start()

    def run(self, requests: Iterable[Request], seconds: float) -> Iterator[Answer]:
        """Send the requests, and yield the answers in the order of arrival.

        A request that cannot start within ``seconds`` is answered ``not_sent``. A started
        request runs until its own deadline. If the caller leaves the iterator early, the
        remaining requests are canceled.
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

    # --- the methods below run in the thread of the event loop
    # -------------------------------------

    def slots(self) -> asyncio.Semaphore:
        """Return the semaphore over all receivers."""
        if self._slots is None:
            self._slots = asyncio.Semaphore(self._max_in_flight)
        return self._slots

    def channel(self, receiver: Receiver) -> "Channel":
        """Return the channel to a receiver.

        :raises GuardRefusal: the URL is not allowed
        """
        channel = self._channels.get(receiver)
        if channel is None:
            kind = ProxyChannel if receiver.proxy else Channel
            channel = kind(receiver, self._context(receiver))
            self._channels[receiver] = channel
        channel.used = time.monotonic()
        return channel

    def moment(self):
        """Return the current time of the caller's clock."""
        return self._now()

    async def exchange(self, channel: Channel, request: Request) -> Answer:
        """Send a request, with an access token if it has a grant.

        Token request and delivery together take at most ``total_timeout`` of the receiver.
        Otherwise the lease of the message could expire.
        """
        if not request.grant:
            return await channel.post(request)
        try:
            async with asyncio.timeout(request.receiver.total_timeout):
                return await self._exchange_with_token(channel, request)
        except TimeoutError:
            return Answer(request.ref, None, failure="timeout", detail=NO_TIME_LEFT)

    async def _exchange_with_token(self, channel, request):
        """Send a request with a token; after a 401 retry once with a new token.

        A token may be revoked before it expires.
        """
        try:
            token = await self._tokens.get(request.grant, self._ask_token)
            answer = await channel.post(_with_token(request, token))
            if answer.status == 401:
                self._tokens.drop(request.grant, token)
                token = await self._tokens.get(request.grant, self._ask_token)
                answer = await channel.post(_with_token(request, token))
            return answer
        except TokenRefusal as refusal:
            return Answer(request.ref, None, failure="token", detail=str(refusal))

    async def _ask_token(self, grant):
        headers, body = oauth.request_parts(grant)
        try:
            channel = self.channel(grant.receiver)
        except url_guard.GuardRefusal as refusal:
            raise TokenRefusal(str(refusal)) from None
        channel.busy += 1
        try:
            answer = await channel.post(
                Request(None, grant.receiver, body, lambda: headers)
            )
        finally:
            channel.busy -= 1
        return oauth.read_answer(answer.status, answer.failure, answer.body)

    def _context(self, receiver):
        key = (receiver.ca_pem, receiver.client_pem)
        context = self._contexts.get(key)
        if context is None:
            context = ssl.create_default_context(cadata=receiver.ca_pem or None)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if receiver.client_pem:
                client_certificate.load(context, receiver.client_pem)
            self._contexts[key] = context
        return context

    async def _close_channels(self, idle):
        limit = time.monotonic() - idle
        for receiver, channel in list(self._channels.items()):
            if channel.used <= limit and not channel.busy:
                del self._channels[receiver]
                await channel.session.close()
        if not self._channels:
            self._contexts.clear()


def _with_token(request, token):
    """Return the request with an access token, which is added just before sending."""
    own = request.headers
    return request._replace(
        headers=lambda: {**own(), "Authorization": f"Bearer {token}"}
    )


class _Batch:
    """The requests of one :meth:`Sender.run`, and the answers not yet returned."""

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
        waiting = defaultdict(deque)
        for request in self._requests:
            waiting[request.receiver].append(request)
        for receiver, own in waiting.items():
            # One task per concurrent request. A task per message would cost as much as
            # the exchange itself.
            for _place in range(min(len(own), max(1, receiver.concurrency))):
                task = loop.create_task(self._work(receiver, own))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def cancel(self):
        for task in self._tasks:
            task.cancel()

    async def _work(self, receiver, waiting):
        """Send waiting requests to one receiver in one of its concurrent slots."""
        try:
            channel = self._sender.channel(receiver)
        except url_guard.GuardRefusal as refusal:
            self._answer_all(waiting, "blocked", str(refusal))
            return
        # A fault of this code must not leave the messages without an answer.
        except Exception as exc:  # noqa: BLE001
            self._answer_all(waiting, "internal", type(exc).__name__)
            return
        channel.busy += 1
        try:
            if await self._acquire(channel.slots):
                try:
                    await self._send_in_turn(channel, waiting)
                finally:
                    channel.slots.release()
            else:
                self._answer_all(waiting, NOT_SENT)
        finally:
            channel.busy -= 1

    async def _send_in_turn(self, channel, waiting):
        """Send requests as soon as a slot of the total limit is free.

        The slot is kept for the next request, unless other receivers wait for it.
        """
        slots = self._sender.slots()
        while waiting:
            if not await self._acquire(slots):
                self._answer_all(waiting, NOT_SENT)
                return
            try:
                while waiting and time.monotonic() < self._deadline:
                    self._finish(await self._send(channel, waiting.popleft()))
                    if slots.locked():
                        break
            finally:
                slots.release()

    async def _send(self, channel, request):
        """Return the answer to one request; every exception becomes an answer."""
        channel.used = started = time.monotonic()
        started_at = self._sender.moment()
        try:
            answer = await self._sender.exchange(channel, request)
        except url_guard.GuardRefusal as refusal:
            answer = Answer(request.ref, None, failure="blocked", detail=str(refusal))
        # A fault of this code must not leave the message without an answer.
        except Exception as exc:  # noqa: BLE001
            answer = Answer(
                request.ref, None, failure="internal", detail=type(exc).__name__
            )
        elapsed = round((time.monotonic() - started) * 1000)
        return answer._replace(started_at=started_at, duration_ms=elapsed)

    def _answer_all(self, waiting, failure, detail=""):
        """Answer all waiting requests with the same failure."""
        while waiting:
            request = waiting.popleft()
            moment = self._sender.moment()
            self._finish(Answer(request.ref, moment, failure=failure, detail=detail))

    async def _acquire(self, slots):
        """Acquire a slot; return False if the deadline passes first."""
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            return False
        if not slots.locked():
            await slots.acquire()
            return True
        try:
            await asyncio.wait_for(slots.acquire(), remaining)
        except TimeoutError:
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
