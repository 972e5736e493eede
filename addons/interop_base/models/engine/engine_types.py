"""The two records that travel between the pump and a transport."""

from datetime import datetime
from typing import NamedTuple


class Lane(NamedTuple):
    """How much to claim at once from one lane, and in which order.

    ``ordering`` is ``none``, ``key`` (first in, first out per ordering key: a blocked key
    blocks only itself) or ``strict`` (the whole lane, one after the other).
    """

    cap: int
    ordering: str = "none"


class Hold(NamedTuple):
    """Why messages wait, in words, and until when (naive UTC) if that is known."""

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
    """What became of one claim.

    ``outcome`` is ``done``, ``retry``, ``dead`` or ``deferred`` (a deferral spends no
    retry). ``retry_after`` is in seconds and, where given, replaces a shorter delay of the
    retry policy. ``error_message`` and ``excerpt`` are redacted before they get here.
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

    ``body`` is exactly what was or will be sent, or ``None`` with the ``reason``:
    ``withdrawn`` (given up here), ``not_rendered`` (it failed before it had any content;
    a resubmission has a number of its own), ``purged`` (removed by retention) or
    ``unreadable`` (its key is not in the key file).
    """

    external_id: str
    interface: str
    epoch: int
    sequence: int
    body: bytes | None
    reason: str | None


class CatchUpPage(NamedTuple):
    """What a receiver gets at once.

    ``cursor`` is opaque and names where the next page starts; ``more`` tells whether it
    would hold anything now. ``streams`` is ``{interface code: (epoch, last number)}``;
    ``held`` has the codes of interfaces that move nothing now: their place is kept.
    """

    items: list
    cursor: str
    more: bool
    streams: dict
    held: list
