"""Checks of the extra request headers of endpoints (RFC 9110, section 5)."""

import re

MAX_HEADERS = 32
MAX_NAME = 64
MAX_VALUE = 4096

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")

# Headers that the engine or the HTTP client sets, headers that change framing or routing
# of a request, and headers with credentials (which are stored as secrets).
RESERVED = frozenset(
    {
        "accept-encoding",
        "authorization",
        "connection",
        "cookie",
        "date",
        "expect",
        "forwarded",
        "host",
        "http2-settings",
        "keep-alive",
        "max-forwards",
        "te",
        "trailer",
        "transfer-encoding",
        "traceparent",
        "tracestate",
        "upgrade",
        "user-agent",
        "via",
    }
)
RESERVED_PREFIXES = ("webhook-", "content-", "ce-", "proxy-", "x-forwarded-", "sec-")


class HeaderRefusal(ValueError):
    """The header is not allowed; the message never contains the value."""


def check_header(name: str, value: str) -> None:
    """Check one header.

    :raises HeaderRefusal: the header is malformed or reserved, or could inject another
        header
    """
    if not isinstance(name, str) or not _TOKEN.fullmatch(name) or len(name) > MAX_NAME:
        raise HeaderRefusal(
            "The header name is not valid. Use letters, digits and hyphens, at most "
            f"{MAX_NAME} characters."
        )
    lower = name.lower().replace("_", "-")  # some servers treat "_" as "-"
    if lower in RESERVED or lower.startswith(RESERVED_PREFIXES):
        raise HeaderRefusal(
            f"The header {name} is reserved. Odoo sets it, or it belongs to a credential. "
            "Remove it from the extra headers."
        )
    if (
        not isinstance(value, str)
        or len(value) > MAX_VALUE
        or not _VALUE.fullmatch(value)
    ):
        raise HeaderRefusal(
            f"The value of the header {name} is not valid. Enter one line of printable "
            f"ASCII without leading or trailing space, at most {MAX_VALUE} characters."
        )


def check_headers(pairs) -> dict[str, str]:
    """Check ``(name, value)`` pairs together and return them as a mapping.

    :raises HeaderRefusal: a header is not valid, a name is repeated (ignoring case), or
        there are too many headers
    """
    headers = {}
    seen = set()
    for name, value in pairs:
        check_header(name, value)
        if name.lower() in seen:
            raise HeaderRefusal(f"The header {name} is listed twice. Remove one line.")
        seen.add(name.lower())
        headers[name] = value
    if len(headers) > MAX_HEADERS:
        raise HeaderRefusal(
            f"The endpoint has too many extra headers. The maximum is {MAX_HEADERS}."
        )
    return headers
