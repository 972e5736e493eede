"""Query and answer of the catch-up: a receiver fetches the messages that it missed."""

import re
from typing import NamedTuple

from . import query as query_tools

DESCRIPTIONS = {
    "cursor": "The cursor of an earlier answer. Without it the answer starts at the "
    "beginning.",
    "limit": "Maximum number of events in one answer.",
}
MEMBERS = tuple(DESCRIPTIONS)
LABEL = "events"
MAX_QUERY_BYTES = 16384
MAX_CURSOR = 8192  # characters, enough for about 200 interfaces in one request line
DEFAULT_LIMIT = 100
MAX_LIMIT = 500

_LIMIT = re.compile(r"[1-9][0-9]{0,2}")


class Asked(NamedTuple):
    """A query: ``cursor`` of an earlier page or ``""``, and at most ``limit`` items."""

    cursor: str
    limit: int


def parse(query: bytes) -> Asked | None:
    """Return the parsed query string, None if it is not valid.

    Each parameter must be known and occur once. The limit is 1 to ``MAX_LIMIT``.
    """
    found = query_tools.read(query, MEMBERS, MAX_QUERY_BYTES)
    if found is None:
        return None
    limit = found.get("limit", str(DEFAULT_LIMIT))
    if not _LIMIT.fullmatch(limit) or int(limit) > MAX_LIMIT:
        return None
    cursor = found.get("cursor", "")
    return Asked(cursor, int(limit)) if len(cursor) <= MAX_CURSOR else None


def signed_id(query: bytes) -> str:
    """Return the ``webhook-id`` that a signed request for a page must have."""
    return query_tools.signed_id(LABEL, query)


def page(items, cursor: str, more: bool, streams: dict, held) -> dict:
    """Return the body of an answer.

    :param items: objects with ``external_id``, ``interface``, ``epoch``, ``sequence``,
        and either ``body`` (the delivered bytes: JSON in UTF-8) or ``reason``
    :param cursor: position of the next page
    :param more: whether the next page has items now
    :param streams: ``{interface: (epoch, last sequence)}``
    :param held: codes of interfaces that are stopped and answer nothing now
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
    """Return the sequences of ``items`` per interface for the audit log.

    An example is ``invoices-out 1/5-1/9``: epoch and sequence of the first and last item.
    """
    ends = {}
    for item in items:
        at = f"{item.epoch}/{item.sequence}"
        first, _last = ends.get(item.interface, (at, at))
        ends[item.interface] = (first, at)
    return [f"{code} {first}-{last}" for code, (first, last) in sorted(ends.items())]
