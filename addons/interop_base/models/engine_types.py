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
