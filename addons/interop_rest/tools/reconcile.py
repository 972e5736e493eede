"""Request and answer of the reconciliation: compare sent and received messages.

There are two kinds of requests. By id: a list of messages, optionally with the SHA-256 of
their bytes. By time: the number of messages in a time window. The window uses
``occurred_at`` of the envelope, which both sides know. The time of arrival depends on
retries.
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
UNKNOWN = "unknown"  # did not arrive, was refused, or was removed by retention
ELSEWHERE = "elsewhere"  # has another interface or facility than the request
STATES = (*MESSAGE_STATES, UNKNOWN, ELSEWHERE)

_ID = re.compile(r"[!-+\-/-~]{1,128}")  # as in the envelope
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ReconcileError(ValueError):
    """The request is not valid.

    ``code`` is ``invalid_reconciliation`` or ``batch_too_long``. ``pointer`` and ``detail``
    state place and reason, without a value.
    """

    def __init__(self, pointer, detail, code="invalid_reconciliation"):
        self.code = code
        self.pointer = pointer
        self.detail = detail
        super().__init__(code)


class Stated(NamedTuple):
    """One message of the request; ``sha256`` of its bytes in hexadecimal, or ``""``."""

    id: str
    sha256: str


class Window(NamedTuple):
    """``count`` messages that occurred from ``start`` (UTC, aware) until before ``end``."""

    start: datetime
    end: datetime
    count: int


class Asked(NamedTuple):
    """A request: ``messages`` (list of ``Stated``) or ``window``; the other is None.

    ``interface`` and ``facility`` are codes, ``""`` for all.
    """

    interface: str
    facility: str
    messages: list | None
    window: Window | None


class Found(NamedTuple):
    """One received message.

    ``visible`` is whether interface and facility match the request. ``body_hash`` is the
    keyed hash of the body. The times and the public ``code`` are ``""`` if not set.
    """

    state: str
    visible: bool
    body_hash: str
    received_at: str
    finished_at: str
    code: str


def parse(value, *, read_time) -> Asked:
    """Return the request in a parsed JSON value.

    :param read_time: ``rfc3339.parse`` of ``interop_base``
    :raises ReconcileError: the request is not valid
    """
    if not isinstance(value, dict):
        raise ReconcileError("", "The body must be a JSON object.")
    _check_members(value, MEMBERS, "")
    if ("messages" in value) == ("window" in value):
        raise ReconcileError("", "Send either messages or window.")
    interface, facility = (_text(value, name) for name in MEMBERS[:2])
    if "window" in value:
        return Asked(interface, facility, None, _window(value["window"], read_time))
    return Asked(interface, facility, _messages(value["messages"]), None)


def compared(stated, found, keyed) -> dict:
    """Return the answer for listed messages, in the order of the request.

    :param stated: list of :class:`Stated`
    :param found: ``{id: Found}`` of the messages that arrived
    :param keyed: function that makes the keyed hash of a body from its SHA-256
    """
    results = [_result(item, found.get(item.id), keyed) for item in stated]
    totals = Counter(result["status"] for result in results)
    different = sum(result.get("body") == "different" for result in results)
    return {
        "results": results,
        "totals": {"stated": len(results), **_counted(totals), "different": different},
    }


def counted(window, states) -> dict:
    """Return the answer for a time window.

    ``difference`` is the number received minus the number stated. It is negative if
    messages did not arrive.

    :param states: ``{state: number of messages}``
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
        text = "Unknown member. The allowed members are: " + ", ".join(known) + "."
        raise ReconcileError(pointer, text)


def _text(value, name):
    """Return an optional text, ``""`` if it is absent."""
    text = value.get(name, "")
    ok = isinstance(text, str) and text.isprintable() and len(text) <= MAX_TEXT
    if not ok or (name in value and not text):
        raise ReconcileError(f"/{name}", "The code must be a text that is not empty.")
    return text


def _messages(items):
    if not isinstance(items, list) or not items:
        raise ReconcileError(
            "/messages", "The value must be a list with at least one message."
        )
    if len(items) > MAX_MESSAGES:
        raise ReconcileError(
            "/messages",
            f"The list may have at most {MAX_MESSAGES} messages.",
            "batch_too_long",
        )
    return [_stated(item, f"/messages/{index}") for index, item in enumerate(items)]


def _stated(item, pointer):
    if not isinstance(item, dict):
        raise ReconcileError(
            pointer, "The value must be an object with id and, optionally, sha256."
        )
    _check_members(item, Stated._fields, pointer)
    message_id, digest = item.get("id"), item.get("sha256", "")
    if not isinstance(message_id, str) or not _ID.fullmatch(message_id):
        raise ReconcileError(
            f"{pointer}/id", "The id must be a valid webhook-id of a message."
        )
    if "sha256" in item and not (isinstance(digest, str) and _SHA256.fullmatch(digest)):
        raise ReconcileError(
            f"{pointer}/sha256",
            "The SHA-256 of the body must have 64 hexadecimal digits (0-9a-f).",
        )
    return Stated(message_id, digest)


def _window(value, read_time):
    if not isinstance(value, dict):
        raise ReconcileError(
            "/window", "The value must be an object with from, to and count."
        )
    _check_members(value, ("from", "to", "count"), "/window")
    start, end = (_moment(value, name, read_time) for name in ("from", "to"))
    if not start < end or end - start > MAX_SPAN:
        raise ReconcileError(
            "/window/to",
            f"The end must be later than from, by at most {MAX_SPAN.days} days.",
        )
    count = value.get("count")
    if type(count) is not int or not 0 <= count <= MAX_COUNT:
        raise ReconcileError(
            "/window/count", f"The count must be an integer from 0 to {MAX_COUNT}."
        )
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
            "The time must be RFC 3339 in whole seconds with an offset, such as "
            "2026-01-31T08:30:00Z.",
        )
    return moment.replace(microsecond=0)  # a leap second is read with microseconds
