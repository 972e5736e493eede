"""What a try at a message means: done, try again, or dead, and whose matter it is."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

DONE, RETRY, DEAD = "done", "retry", "dead"

TECHNICAL, BUSINESS = "technical", "business"
ERROR_CLASSES = {
    "dns": TECHNICAL,
    "connect": TECHNICAL,
    "tls": TECHNICAL,
    "timeout": TECHNICAL,
    "http_5xx": TECHNICAL,
    "throttled": TECHNICAL,
    "auth": TECHNICAL,
    "config": TECHNICAL,
    "internal": TECHNICAL,
    "schema": BUSINESS,
    "unknown_identifier": BUSINESS,
    "ownership": BUSINESS,
    "business_rule": BUSINESS,
    "conflict": BUSINESS,
}

# kind of failure -> (result, error class); business kinds are added below.
_EXCEPTIONS = {
    "dns": (RETRY, "dns"),
    "connect": (RETRY, "connect"),
    "reset": (RETRY, "connect"),
    "protocol": (RETRY, "connect"),
    "tls": (RETRY, "tls"),
    "timeout": (RETRY, "timeout"),
    "throttled": (RETRY, "throttled"),
    "internal": (RETRY, "internal"),
    "token": (RETRY, "auth"),
    "auth": (DEAD, "auth"),
    "config": (DEAD, "config"),
    "blocked": (DEAD, "config"),
    **{name: (DEAD, name) for name, side in ERROR_CLASSES.items() if side == BUSINESS},
}
_RETRIED_4XX = {408: "timeout", 425: "throttled", 429: "throttled"}
_CLASS_4XX = {401: "auth", 403: "auth", 409: "conflict", 422: "business_rule"}
# Credentials refused: a clock that jumped, or a key that is being rotated.
AUTH_REFUSALS = (401, 403)
_THROTTLING = frozenset((429, 502, 504))

_SECONDS = re.compile(r"[0-9]{1,64}")
_DETAIL_LIMIT = 4000
_QUOTED = re.compile(
    r"""(?<!\w)(?:'[^'\n]*'|"[^"\n]*"|`[^`\n]*`|“[^”\n]*”|«[^»\n]*»|‘[^’\n]*’)(?!\w)"""
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to do after a try.

    ``result`` is ``done``, ``retry`` or ``dead``; ``error_class`` a key of
    ERROR_CLASSES or None; ``error_code`` a stable word such as ``http_404`` or None.
    ``disable_endpoint``: the receiver is gone for good (410). ``throttled``: slow down
    towards this endpoint.
    """

    result: str
    error_class: str | None = None
    error_code: str | None = None
    disable_endpoint: bool = False
    throttled: bool = False


def classify_status(status: int, *, retry_other_4xx: bool) -> Outcome:
    """Return the outcome of an HTTP answer.

    2xx is done. 408, 425, 429 and 5xx are retried; 401 and 403, too, on a short schedule
    of the retry policy. 410 is dead and disables the endpoint. A redirect is a failure,
    never followed, and handled as other 4xx are: retried or dead as ``retry_other_4xx``
    says. Anything that is no final HTTP status is retried.
    """
    if 200 <= status <= 299:
        return Outcome(DONE)
    code = f"http_{status}"
    throttled = status in _THROTTLING
    if status in _RETRIED_4XX:
        return Outcome(RETRY, _RETRIED_4XX[status], code, throttled=throttled)
    if 500 <= status <= 599:
        return Outcome(RETRY, "http_5xx", code, throttled=throttled)
    if status == 410:
        return Outcome(DEAD, "config", code, disable_endpoint=True)
    if 300 <= status <= 499:
        retried = retry_other_4xx or status in AUTH_REFUSALS
        result = RETRY if retried else DEAD
        return Outcome(result, _CLASS_4XX.get(status, "config"), code)
    return Outcome(RETRY, "connect", "http_invalid_status")


def classify_exception(kind: str) -> Outcome:
    """Return the outcome of a failure without an HTTP answer.

    Kinds: ``dns``, ``connect``, ``reset``, ``protocol``, ``tls``, ``timeout``,
    ``throttled``, ``internal`` and ``token`` (no access token) are retried; ``auth``,
    ``config``, ``blocked`` (the URL guard) and every business class are dead. An unknown
    kind is retried as ``internal``: it is a fault of ours.
    """
    result, error_class = _EXCEPTIONS.get(kind, (RETRY, "internal"))
    code = kind if kind in _EXCEPTIONS else "unknown"
    return Outcome(result, error_class, code, throttled=kind == "throttled")


def parse_retry_after(value: str | None, now: datetime, max_seconds: int) -> int | None:
    """Return the seconds ``Retry-After`` asks for, within 0 and ``max_seconds``.

    Takes seconds or an HTTP date (a past one is 0). ``now`` without a zone is UTC. None
    when there is no header, or it is negative or garbage.
    """
    if not isinstance(value, str) or len(value) > 64:
        return None
    value = value.strip(" \t")
    if _SECONDS.fullmatch(value):
        seconds = int(value)
    else:
        try:
            seconds = int(
                (_utc(parsedate_to_datetime(value)) - _utc(now)).total_seconds()
            )
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
    return max(0, min(seconds, max_seconds))


def cause_fingerprint(
    error_class: str | None, error_code: str | None, interface_id, detail: str | None
) -> str:
    """Return 16 hex digits that are equal for failures with the same cause.

    What differs from message to message is taken out of ``detail`` first: quoted
    values, and every word with a digit in it (numbers, dates, UUIDs, addresses).
    """
    parts = (
        error_class or "",
        error_code or "",
        str(interface_id or ""),
        _normalize(detail),
    )
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[
        :16
    ]


def _normalize(detail):
    """Return a detail without what is particular to one message."""
    words = _QUOTED.sub("#", (detail or "")[:_DETAIL_LIMIT].lower()).split()
    return " ".join("#" if any(map(str.isdigit, word)) else word for word in words)


def _utc(moment):
    """Return an aware datetime; a naive one is UTC, as Odoo keeps them."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
