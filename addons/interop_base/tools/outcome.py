"""The outcome of an attempt (done, retry or dead), and the class of its error."""

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

# kind of failure -> (result, error class); business kinds are added below
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
# Credentials rejected: a wrong clock, or a key that is being rotated.
AUTH_REFUSALS = (401, 403)
_THROTTLING = frozenset((429, 502, 504))

_SECONDS = re.compile(r"[0-9]{1,64}")
_DETAIL_LIMIT = 4000
_QUOTED = re.compile(
    r"""(?<!\w)(?:'[^'\n]*'|"[^"\n]*"|`[^`\n]*`|“[^”\n]*”|«[^»\n]*»|‘[^’\n]*’)(?!\w)"""
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an attempt.

    ``result`` is ``done``, ``retry`` or ``dead``. ``error_class`` is a key of
    ERROR_CLASSES or None. ``error_code`` is a stable word such as ``http_404``, or
    None.
    ``disable_endpoint``: the receiver is gone permanently (410). ``throttled``: send
    slower to this endpoint.
    """

    result: str
    error_class: str | None = None
    error_code: str | None = None
    disable_endpoint: bool = False
    throttled: bool = False


def classify_status(status: int, *, retry_other_4xx: bool) -> Outcome:
    """Return the outcome of an HTTP answer.

    - 2xx is done.
    - 408, 425, 429 and 5xx are retried.
    - 401 and 403 are retried on their own schedule of the retry policy.
    - 410 is dead and disables the endpoint.
    - A redirect is never followed. It counts as one of the other 4xx, which are retried
    or
      dead as ``retry_other_4xx`` says.
    - Any other status is retried.
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

    Retried are ``dns``, ``connect``, ``reset``, ``protocol``, ``tls``, ``timeout``,
    ``throttled``, ``internal`` and ``token`` (no access token). Dead are ``auth``,
    ``config``, ``blocked`` (the URL guard) and all business classes. An unknown kind is
    retried as ``internal``, because it is a defect of this software.
    """
    result, error_class = _EXCEPTIONS.get(kind, (RETRY, "internal"))
    code = kind if kind in _EXCEPTIONS else "unknown"
    return Outcome(result, error_class, code, throttled=kind == "throttled")


def parse_retry_after(value: str | None, now: datetime, max_seconds: int) -> int | None:
    """Return the seconds of a ``Retry-After`` header, within 0 and ``max_seconds``.

    It accepts seconds or an HTTP date; a date in the past gives 0. The result is
    ``None`` without a header, and for a negative or malformed value.

    :param now: current time; naive means UTC
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
    """Return 16 hexadecimal digits that are equal for failures with the same cause.

    Parts of ``detail`` that differ between messages are removed first: quoted values,
    and words with a digit (numbers, dates, UUIDs, addresses).
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
    """Return a detail without the parts that differ between messages."""
    words = _QUOTED.sub("#", (detail or "")[:_DETAIL_LIMIT].lower()).split()
    return " ".join("#" if any(map(str.isdigit, word)) else word for word in words)


def _utc(moment):
    """Return an aware datetime; a naive one means UTC, as in Odoo."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
