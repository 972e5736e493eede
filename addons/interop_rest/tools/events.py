"""The query of a receiver that fetches what it missed."""

import re
from typing import NamedTuple

from . import query as query_tools

DESCRIPTIONS = {
    "cursor": "Position to continue from: the cursor of an earlier answer.",
    "limit": "Maximum number of events in one answer.",
}
MEMBERS = tuple(DESCRIPTIONS)
LABEL = "events"
MAX_QUERY_BYTES = 16384
MAX_CURSOR = 8192  # characters: some two hundred interfaces; longer lines are cut off
DEFAULT_LIMIT = 100
MAX_LIMIT = 500

_LIMIT = re.compile(r"[1-9][0-9]{0,2}")


class Asked(NamedTuple):
    """What is asked for: ``cursor`` of an earlier page or ``""``, ``limit`` items at
    most."""

    cursor: str
    limit: int


def parse(query: bytes) -> Asked | None:
    """Return what a query string asks for, None unless every member is known, given
    once, and the limit a number from 1 to ``MAX_LIMIT``."""
    found = query_tools.read(query, MEMBERS, MAX_QUERY_BYTES)
    if found is None:
        return None
    limit = found.get("limit", str(DEFAULT_LIMIT))
    if not _LIMIT.fullmatch(limit) or int(limit) > MAX_LIMIT:
        return None
    cursor = found.get("cursor", "")
    return Asked(cursor, int(limit)) if len(cursor) <= MAX_CURSOR else None


def signed_id(query: bytes) -> str:
    """Return the ``webhook-id`` under which a page is asked for."""
    return query_tools.signed_id(LABEL, query)


def page(items, cursor: str, more: bool, streams: dict, held) -> dict:
    """Return the body of an answer.

    ``items`` have ``external_id``, ``interface``, ``epoch``, ``sequence``, and either
    ``body`` (the bytes that are delivered: JSON in UTF-8) or a ``reason`` for having
    none. ``streams`` is ``{interface: (epoch, last number)}``, ``held`` names the
    interfaces that hand nothing out now.
    """
    return {
        "events": [_event(item) for item in items],
        "cursor": cursor,
        "more": more,
        "streams": {
            code: {"epoch": epoch, "sequence": sequence}
            for code, (epoch, sequence) in sorted(streams.items())
        },
        "held": list(held),
    }


def _event(item):
    content = (
        {"reason": item.reason}
        if item.body is None
        else {"payload": bytes(item.body).decode("utf-8")}
    )
    return {
        "id": item.external_id,
        "interface": item.interface,
        "epoch": item.epoch,
        "sequence": item.sequence,
        **content,
    }


def spans(items) -> list[str]:
    """Return which numbers of which streams ``items`` are, in words for the audit log,
    such as ``invoices-out 1/5-1/9``."""
    ends = {}
    for item in items:
        at = f"{item.epoch}/{item.sequence}"
        first, _last = ends.get(item.interface, (at, at))
        ends[item.interface] = (first, at)
    return [f"{code} {first}-{last}" for code, (first, last) in sorted(ends.items())]
