"""What the request headers have to look like, and what every answer carries."""

import hashlib
import math
import re

CLIENT = "Interop-Client"
REPLAYED = "Idempotent-Replayed"
IDEMPOTENCY_KEY = "Idempotency-Key"
CHALLENGE = 'Bearer realm="interop"'
HEALTH_ID = "health"  # webhook-id of a signed request for the health
OPENAPI_ID = "openapi"  # webhook-id of a signed request for the OpenAPI document
# Who sends one of these says who it is.
PROOFS = frozenset(
    {"authorization", "interop-client", "signature-input", "webhook-signature"}
)
READING = ("GET", "HEAD")
MEDIA_TYPES = ("application/json", "application/cloudevents+json")

FORM = "application/x-www-form-urlencoded"
MEDIA_TYPE_LINES = "application/x-ndjson"

_MESSAGE_ID = re.compile(r"[!-+\-/-~]{1,128}")
_ROOT_URL = re.compile(
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
)
_CLIENT_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")

SECURITY = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def proofs(names) -> set:
    """Return those of the header names by which a caller says who it is."""
    return {name.lower() for name in names} & PROOFS


def target_url(scheme, host, target) -> str:
    """Return the absolute address of a request from its target as sent.

    ``target`` is a path with query, or absolute already, as proxies write it: then its
    own scheme and host do not count, those of the connection do.
    """
    if not target.startswith("/"):
        target = "/" + target.partition("://")[2].partition("/")[2]
    return f"{scheme}://{host}{target}"


def is_root_url(text) -> bool:
    """Say whether a text is the root of a server, without a final slash."""
    return bool(_ROOT_URL.fullmatch(text))


def client_code(value) -> str:
    """Return the client code of an ``Interop-Client`` header, ``""`` when it is none.

    A repeated header, which servers join with a comma, is none.
    """
    text = value or ""
    return text if _CLIENT_CODE.fullmatch(text) else ""


def idempotency_key(value) -> str:
    """Return the key of an ``Idempotency-Key`` header, ``""`` when it is none.

    It is a string of Structured Fields (``"8e03978e"``); without quotes it is read as
    what is meant. A key that is also the id of a message can be the id of a message.
    """
    text = (value or "").strip(" ")
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return text if '"' not in text and _MESSAGE_ID.fullmatch(text) else ""


def message_id(text) -> str:
    """Return a text that somebody else calls an id as an id of a message: as it is if
    it can be one, else by its hash."""
    if _MESSAGE_ID.fullmatch(text):
        return text
    return f"id_{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()}"


def find(pairs, name) -> str:
    """Return the value of a header among (name, value) pairs, in any case.

    ``""`` when it is missing or given more than once.
    """
    values = [value for key, value in pairs if key.lower() == name.lower()]
    return values[0] if len(values) == 1 else ""


def is_json(content_type) -> bool:
    """Say whether a ``Content-Type`` is JSON in UTF-8: one media type, no other
    charset."""
    return _is_one_of(content_type, MEDIA_TYPES)


def is_lines(content_type) -> bool:
    """Say whether a ``Content-Type`` is one JSON document per line, in UTF-8."""
    return _is_one_of(content_type, (MEDIA_TYPE_LINES,))


def is_form(content_type) -> bool:
    """Say whether a ``Content-Type`` is an HTML form's, in UTF-8."""
    return _is_one_of(content_type, (FORM,))


def _is_one_of(content_type, media_types):
    media_type, *parameters = (content_type or "").split(";")
    if media_type.strip().lower() not in media_types:
        return False
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip(
            '"'
        ).lower() not in (
            "utf-8",
            "utf8",
        ):
            return False
    return True


def is_plain(content_encoding) -> bool:
    """Say whether the body travels without a content encoding."""
    return (content_encoding or "identity").strip().lower() == "identity"


def rate_limits(shown, window) -> dict[str, str]:
    """Return what an answer tells about limits: the headers of
    draft-ietf-httpapi-ratelimit-headers (``RateLimit-Policy: "client";q=100;w=60`` and
    ``RateLimit: "client";r=50;t=30``).

    ``shown`` are (name of the policy, limit, what is left, seconds until the window
    ends), one per limit that applied; ``window`` is its length in seconds.
    """
    return {
        "RateLimit-Policy": ", ".join(
            f'"{name}";q={limit};w={window}' for name, limit, _left, _reset in shown
        ),
        "RateLimit": ", ".join(
            f'"{name}";r={max(0, left)};t={max(0, math.ceil(reset))}'
            for name, _limit, left, reset in shown
        ),
    }
