"""Extra request headers that an endpoint may have (RFC 9110, section 5)."""

import re

MAX_HEADERS = 32
MAX_NAME = 64
MAX_VALUE = 4096

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")

# What the engine or the HTTP client sets, what changes the framing or the routing of a
# request, and what carries a credential (those are secrets, not headers).
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
    """The header is not acceptable; the text never holds the value."""


def check_header(name: str, value: str) -> None:
    """Refuse a header that is malformed, ours, or able to smuggle another one.

    :raise HeaderRefusal: with a sentence that says what to change
    """
    if not isinstance(name, str) or not _TOKEN.fullmatch(name) or len(name) > MAX_NAME:
        raise HeaderRefusal(
            f"A header name consists of letters, digits and -, at most {MAX_NAME} "
            "characters."
        )
    lower = name.lower().replace("_", "-")  # some servers fold "_" into "-"
    if lower in RESERVED or lower.startswith(RESERVED_PREFIXES):
        raise HeaderRefusal(
            f"The header {name} is set by the engine and cannot be overridden."
        )
    if (
        not isinstance(value, str)
        or len(value) > MAX_VALUE
        or not _VALUE.fullmatch(value)
    ):
        raise HeaderRefusal(
            f"The value of the header {name} must be one line of printable ASCII "
            f"without leading or trailing space, at most {MAX_VALUE} characters."
        )


def check_headers(pairs) -> dict[str, str]:
    """Check ``(name, value)`` pairs together and return them as a mapping.

    :raise HeaderRefusal: for a bad header, a name given twice (in any case), or too
        many
    """
    headers = {}
    seen = set()
    for name, value in pairs:
        check_header(name, value)
        if name.lower() in seen:
            raise HeaderRefusal(f"The header {name} is given twice.")
        seen.add(name.lower())
        headers[name] = value
    if len(headers) > MAX_HEADERS:
        raise HeaderRefusal(f"At most {MAX_HEADERS} extra headers are allowed.")
    return headers
