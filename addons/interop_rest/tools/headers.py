"""Names and syntax of request headers, and the headers of every answer."""

import hashlib
import math
import re

CLIENT = "Interop-Client"
REPLAYED = "Idempotent-Replayed"
IDEMPOTENCY_KEY = "Idempotency-Key"
CHALLENGE = 'Bearer realm="interop"'
HEALTH_ID = "health"  # webhook-id of a signed request for the health
OPENAPI_ID = "openapi"  # webhook-id of a signed request for the OpenAPI document
# A request with one of these headers has to authenticate.
CREDENTIALS = frozenset(
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


def credentials(names) -> set:
    """Return the names in ``names`` that belong to an authentication method."""
    return {name.lower() for name in names} & CREDENTIALS


def target_url(scheme, host, target) -> str:
    """Return the absolute URL of a request.

    :param target: request target as sent: a path with query, or an absolute URL as
        proxies send it. Scheme and host of the connection replace those of the URL.
    """
    if not target.startswith("/"):
        target = "/" + target.partition("://")[2].partition("/")[2]
    return f"{scheme}://{host}{target}"


def is_root_url(text) -> bool:
    """Return whether a text is the root URL of a server, without a final slash."""
    return bool(_ROOT_URL.fullmatch(text))


def client_code(value) -> str:
    """Return the client code of an ``Interop-Client`` header, ``""`` if it is malformed.

    Servers join a repeated header with a comma, which is malformed.
    """
    text = value or ""
    return text if _CLIENT_CODE.fullmatch(text) else ""


def idempotency_key(value) -> str:
    """Return the key of an ``Idempotency-Key`` header, ``""`` if it is malformed.

    The header is a string of Structured Fields (``"8e03978e"``); a value without quotes
    is accepted too. The key becomes the id of the message, so it has the same syntax.
    """
    text = (value or "").strip(" ")
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return text if '"' not in text and _MESSAGE_ID.fullmatch(text) else ""


def message_id(text) -> str:
    """Return a third party's id as a message id: unchanged if valid, else its hash."""
    if _MESSAGE_ID.fullmatch(text):
        return text
    return f"id_{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()}"


def find(pairs, name) -> str:
    """Return the value of a header in (name, value) pairs; names ignore case.

    It is ``""`` if the header is missing or repeated.
    """
    values = [value for key, value in pairs if key.lower() == name.lower()]
    return values[0] if len(values) == 1 else ""


def is_json(content_type) -> bool:
    """Return whether a ``Content-Type`` is JSON in UTF-8."""
    return _is_one_of(content_type, MEDIA_TYPES)


def is_lines(content_type) -> bool:
    """Return whether a ``Content-Type`` is NDJSON in UTF-8."""
    return _is_one_of(content_type, (MEDIA_TYPE_LINES,))


def is_form(content_type) -> bool:
    """Return whether a ``Content-Type`` is an HTML form in UTF-8."""
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
    """Return whether the body has no content encoding."""
    return (content_encoding or "identity").strip().lower() == "identity"


def rate_limits(shown, window) -> dict[str, str]:
    """Return the rate limit headers of an answer (draft-ietf-httpapi-ratelimit-headers).

    Examples are ``RateLimit-Policy: "client";q=100;w=60`` and
    ``RateLimit: "client";r=50;t=30``.

    :param shown: (name of the policy, limit, remaining calls, seconds until the window
        ends), one per limit that applied
    :param window: length of the window in seconds
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
