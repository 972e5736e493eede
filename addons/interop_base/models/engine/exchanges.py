"""What is on its way: exchanges in threads of their own, without a cursor."""

import logging
import queue
import threading
import time
from collections import Counter

from ... import clock
from .engine_types import Result

_logger = logging.getLogger(__name__)


class Exchanges:
    """The claims in flight and their results.

    Each batch runs in a separate thread without a cursor. A slow receiver delays only its
    batch. Meanwhile the pump records finished results and claims messages of other lanes.
    """

    def __init__(self):
        self._ready = queue.SimpleQueue()
        # (message id, lease) -> (claim, transport model, time of submission). If a lease
        # expires in flight, the message may be claimed again with a second result.
        self._out = {}

    def submit(self, model, sender, deliveries, claims, deadline):
        """Start exchanging ``deliveries`` and return immediately.

        :param str model: name of the transport model, given back with each result
        :param sender: the transport; ``_exchange`` uses no cursor
        :param claims: the claims of the deliveries
        :param float deadline: see ``interop.transport._exchange``
        """
        now = time.monotonic()
        for claim in claims:
            self._out[claim.message_id, claim.lease_token] = (claim, model, now)
        threading.Thread(
            target=self._exchange,
            args=(sender, deliveries, claims, deadline),
            name="interop-exchange",
            daemon=True,
        ).start()

    def _exchange(self, sender, deliveries, claims, deadline):
        missing = {claim.message_id: claim for claim in claims}
        try:
            for result in sender._exchange(deliveries, deadline):
                missing.pop(result.message_id, None)
                self._ready.put(result)
        except Exception as error:  # noqa: BLE001
            # Only the type, because the text of other exceptions may hold content.
            _logger.error("a transport failed: %s", type(error).__name__)
        for claim in missing.values():
            self._ready.put(
                Result(
                    claim.message_id,
                    claim.lease_token,
                    "retry",
                    clock.now(),
                    error_class="internal",
                    error_code="transport_failed",
                    error_message="The transport returned no result. The message is retried.",
                )
            )

    def collect(self, seconds, limit):
        """Return up to ``limit`` results as ``[(result, claim, model)]``.

        Waits up to ``seconds`` for the first result while messages are in flight.
        """
        found = []
        try:
            if self._out and seconds > 0:
                found.append(self._ready.get(timeout=seconds))
            while len(found) < limit:
                found.append(self._ready.get_nowait())
        except queue.Empty:
            pass
        return [
            (result, *self._out.pop((result.message_id, result.lease_token))[:2])
            for result in found
            if (result.message_id, result.lease_token) in self._out
        ]

    def __len__(self):
        return len(self._out)

    def tokens(self):
        """Return the leases of the messages in flight."""
        return {token for _message_id, token in self._out}

    def per_lane(self):
        """Return a ``Counter`` of the messages in flight per lane."""
        return Counter(claim.lane for claim, _model, _since in self._out.values())

    def slow_lanes(self, seconds):
        """Return the lanes with a message in flight for longer than ``seconds``."""
        limit = time.monotonic() - seconds
        return {claim.lane for claim, _m, since in self._out.values() if since < limit}


class OneByOne:
    """Sends the deliveries of a lane in strict order, each after the one before it was
    delivered. What follows a failure waits.

    :param sender: the transport
    :param claims: the claims behind the deliveries, in the same order
    """

    def __init__(self, sender, claims):
        self._sender = sender
        self._claims = claims

    def _exchange(self, deliveries, deadline):
        """Yield one result per delivery; see ``interop.transport``."""
        goes_on = True
        for claim, delivery in zip(self._claims, deliveries, strict=True):
            goes_on = goes_on and time.monotonic() < deadline
            if not goes_on:
                # At once: no claim takes it before the one in front has left.
                yield Result(
                    claim.message_id,
                    claim.lease_token,
                    "deferred",
                    clock.now(),
                    retry_after=0,
                )
                continue
            goes_on = False
            for result in self._sender._exchange([delivery], deadline):
                goes_on = result.outcome == "done"
                yield result
