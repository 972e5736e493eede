"""What a sender believes to have sent, read strictly, and compared with what is here.

Two ways to ask. By id: each message that was sent, perhaps with the SHA-256 of its
bytes. By time: how many messages occurred in a span (``occurred_at`` of the envelope,
which both sides know; when one arrived depends on who tried how often).
"""

import re
from collections import Counter
from datetime import datetime, timedelta
from typing import NamedTuple

MAX_MESSAGES = 1000
MAX_SPAN = timedelta(days=31)
MAX_COUNT = 2**31 - 1
MAX_TEXT = 255
MEMBERS = ("interface", "facility", "messages", "window")
MESSAGE_STATES = (
    "pending",
    "processing",
    "done",
    "dead",
    "parked",
    "skipped",
    "cancelled",
)
UNKNOWN = "unknown"  # it never arrived, was refused, or is not kept any more
ELSEWHERE = "elsewhere"  # it is here, but not where it was asked for
STATES = (*MESSAGE_STATES, UNKNOWN, ELSEWHERE)

_ID = re.compile(r"[!-+\-/-~]{1,128}")  # as in the envelope
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ReconcileError(ValueError):
    """What is asked cannot be answered; ``code`` is ``invalid_reconciliation`` or
    ``batch_too_long``, ``pointer`` and ``detail`` say where and why, without a value."""

    def __init__(self, pointer, detail, code="invalid_reconciliation"):
        self.code = code
        self.pointer = pointer
        self.detail = detail
        super().__init__(code)


class Stated(NamedTuple):
    """One message that was sent; ``sha256`` of its bytes in hexadecimal, or ``""``."""

    id: str
    sha256: str


class Window(NamedTuple):
    """``count`` messages that occurred from ``start`` (UTC, aware) until before ``end``."""

    start: datetime
    end: datetime
    count: int


class Asked(NamedTuple):
    """What is compared: ``messages`` (list of ``Stated``) or ``window``, of one
    interface and one facility if their codes are not ``""``."""

    interface: str
    facility: str
    messages: list | None
    window: Window | None


class Found(NamedTuple):
    """One message that is here: ``state``, whether it is ``visible`` under what was
    asked for, the keyed hash of its body, and the moments and public ``code`` of its
    status, ``""`` for none."""

    state: str
    visible: bool
    body_hash: str
    received_at: str
    finished_at: str
    code: str


def parse(value, *, read_time) -> Asked:
    """Return what a parsed JSON value asks for; raises :class:`ReconcileError`.

    :param read_time: ``rfc3339.parse`` of ``interop_base``
    """
    if not isinstance(value, dict):
        raise ReconcileError("", "The body is a JSON object.")
    _check_members(value, MEMBERS, "")
    if ("messages" in value) == ("window" in value):
        raise ReconcileError("", "Give messages or window, and not both.")
    interface, facility = (_text(value, name) for name in MEMBERS[:2])
    if "window" in value:
        return Asked(interface, facility, None, _window(value["window"], read_time))
    return Asked(interface, facility, _messages(value["messages"]), None)


def compared(stated, found, keyed) -> dict:
    """Return the answer about messages that were stated, in their order.

    ``found`` is ``{id: Found}``; what is not in it is unknown here. ``keyed`` makes the
    keyed hash of a body from its SHA-256.
    """
    results = [_result(item, found.get(item.id), keyed) for item in stated]
    totals = Counter(result["status"] for result in results)
    different = sum(result.get("body") == "different" for result in results)
    return {
        "results": results,
        "totals": {"stated": len(results), **_counted(totals), "different": different},
    }


def counted(window, states) -> dict:
    """Return the answer about a window; ``states`` is ``{state: number of messages}``.

    ``difference`` is what is here less what was stated: below zero, that many did not
    arrive.
    """
    received = sum(states.values())
    return {
        "window": {
            "stated": window.count,
            "received": received,
            "difference": received - window.count,
        },
        "totals": _counted(states),
    }


def _counted(states):
    return {state: states[state] for state in STATES if states.get(state)}


def _result(item, found, keyed):
    """Return the result of one message."""
    if not found:
        return {"id": item.id, "status": UNKNOWN}
    if not found.visible:
        return {"id": item.id, "status": ELSEWHERE}
    result = {"id": item.id, "status": found.state}
    for name in ("received_at", "finished_at", "code"):
        if getattr(found, name):
            result[name] = getattr(found, name)
    if item.sha256:
        same = keyed(item.sha256) == found.body_hash
        result["body"] = "same" if same else "different"
    return result


def _check_members(value, known, pointer):
    if not value.keys() <= set(known):
        text = "Unknown members; there are " + ", ".join(known) + "."
        raise ReconcileError(pointer, text)


def _text(value, name):
    """Return an optional text, ``""`` when it is absent."""
    text = value.get(name, "")
    ok = isinstance(text, str) and text.isprintable() and len(text) <= MAX_TEXT
    if not ok or (name in value and not text):
        raise ReconcileError(f"/{name}", "A code is a text that is not empty.")
    return text


def _messages(items):
    if not isinstance(items, list) or not items:
        raise ReconcileError("/messages", "A list with at least one message.")
    if len(items) > MAX_MESSAGES:
        raise ReconcileError(
            "/messages", f"At most {MAX_MESSAGES} messages.", "batch_too_long"
        )
    return [_stated(item, f"/messages/{index}") for index, item in enumerate(items)]


def _stated(item, pointer):
    if not isinstance(item, dict):
        raise ReconcileError(pointer, "An object with id and perhaps sha256.")
    _check_members(item, Stated._fields, pointer)
    message_id, digest = item.get("id"), item.get("sha256", "")
    if not isinstance(message_id, str) or not _ID.fullmatch(message_id):
        raise ReconcileError(f"{pointer}/id", "An id as in the header webhook-id.")
    if "sha256" in item and not (isinstance(digest, str) and _SHA256.fullmatch(digest)):
        raise ReconcileError(
            f"{pointer}/sha256", "SHA-256 of the body: 64 hexadecimal digits (0-9a-f)."
        )
    return Stated(message_id, digest)


def _window(value, read_time):
    if not isinstance(value, dict):
        raise ReconcileError("/window", "An object with from, to and count.")
    _check_members(value, ("from", "to", "count"), "/window")
    start, end = (_moment(value, name, read_time) for name in ("from", "to"))
    if not start < end or end - start > MAX_SPAN:
        raise ReconcileError(
            "/window/to", f"Later than from, by at most {MAX_SPAN.days} days."
        )
    count = value.get("count")
    if type(count) is not int or not 0 <= count <= MAX_COUNT:
        raise ReconcileError("/window/count", "A number from 0.")
    return Window(start, end, count)


def _moment(value, name, read_time):
    """Return one end of a window, aware and in UTC."""
    text = value.get(name)
    try:
        moment = read_time(text)
    except ValueError:
        moment = None
    if moment is None or "." in text:
        raise ReconcileError(
            f"/window/{name}",
            "RFC 3339 in whole seconds with an offset, such as 2026-01-31T08:30:00Z.",
        )
    return moment.replace(microsecond=0)  # a leap second is read with microseconds
