"""Data types that the pump, transports and catch-up exchange."""

from datetime import datetime
from typing import NamedTuple


class Lane(NamedTuple):
    """Number of messages to claim from one lane, and their order.

    ``ordering`` is ``none``, ``key`` (first in, first out per ordering key; a blocked key
    does not block other keys) or ``strict`` (one message of the lane at a time).
    """

    cap: int
    ordering: str = "none"


class Hold(NamedTuple):
    """Reason why messages wait, and the end of the wait (naive UTC) if known."""

    text: str
    until: datetime | None = None


class Claim(NamedTuple):
    """One message leased to this worker; ``lease_token`` fences its result."""

    message_id: int
    lease_token: str
    interface_id: int
    company_id: int
    lane: str
    external_id: str
    try_count: int
    attempt_count: int
    payload_id: int
    ordering_key: str
    direction: str


class Result(NamedTuple):
    """Result of one claim.

    ``outcome`` is ``done``, ``retry``, ``dead`` or ``deferred`` (a deferral uses no
    attempt). ``retry_after`` is in seconds and replaces a shorter delay of the retry
    policy. The transport redacts ``error_message`` and ``excerpt`` before.
    """

    message_id: int
    lease_token: str
    outcome: str
    started_at: datetime
    duration_ms: int = 0
    http_status: int | None = None
    error_class: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    excerpt: str | None = None
    retry_after: int | None = None


class CatchUpItem(NamedTuple):
    """One message of a stream, for a receiver that catches up.

    ``body`` has the exact bytes that were or will be sent, or is ``None`` with the
    ``reason``: ``withdrawn`` (a user cancelled the message), ``not_rendered`` (it failed
    before it had content; a resubmission has another number), ``purged`` (removed by
    retention) or ``unreadable`` (its key is not in the key file).
    """

    external_id: str
    interface: str
    epoch: int
    sequence: int
    body: bytes | None
    reason: str | None


class CatchUpPage(NamedTuple):
    """One page of messages for a receiver that catches up.

    ``cursor`` is opaque and names the start of the next page. ``more`` says whether that
    page has messages now. ``streams`` is ``{interface code: (epoch, last number)}``.
    ``held`` has the codes of interfaces that move no messages now; the cursor keeps their
    position.
    """

    items: list
    cursor: str
    more: bool
    streams: dict
    held: list
