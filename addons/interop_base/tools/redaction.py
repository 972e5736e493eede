"""Redaction: secrets are always removed, content depends on its data class.

Content of personal and patient-adjacent messages is never excerpted. An allow-list
decides about the rest: sizes, known content types, known member names, and codes of
words from a list in this file. So no echo of a receiver can pass.
"""

import re

from . import jsonlimits
from .errors import EnvelopeError

MASK = "[redacted]"
DATA_CLASS_NONE = "none"
DEFAULT_LIMIT = 500  # characters
_WINDOW = 16 * 1024  # bytes of a body that are examined
_TAIL = 600  # characters at the end of a window that may be part of a secret

_NAMES = (
    r"authorization|proxy-authorization|cookie|set-cookie|x-api-key|api[_-]?key|apikey|"
    r"access[_-]?token|refresh[_-]?token|id[_-]?token|token|client[_-]?secret|secret|"
    r"passw(?:or)?d|passphrase|private[_-]?key|session[_-]?id|signature|webhook-signature"
)
_SCRUBBERS = (
    (
        re.compile(
            r"-----BEGIN [A-Z ]{1,40}-----.*?(?:-----END [A-Z ]{1,40}-----|\Z)",
            re.DOTALL,
        ),
        MASK,
    ),
    (re.compile(r"(?i)\bwhs(?:ec|k)_[A-Za-z0-9+/=_\-]*"), MASK),
    (
        re.compile(r"(?i)\b(bearer|basic|digest|negotiate)[ \t]+[A-Za-z0-9._~+/=\-]+"),
        r"\1 " + MASK,
    ),
    (re.compile(r"\beyJ[A-Za-z0-9_\-]{5,}(?:\.[A-Za-z0-9_\-]*){1,4}"), MASK),
    # name: value, name=value and "name": "value", up to the end of the value or line
    (
        re.compile(
            rf"(?i)([\"']?\b(?:{_NAMES})\b[\"']?[ \t]*[:=][ \t]*)"
            r"(\"(?:[^\"\\\n]|\\.)*\"?|'[^'\n]*'?|[^\n,;&}\]]+)"
        ),
        r"\1" + MASK,
    ),
    (re.compile(r"\bv1a?,[A-Za-z0-9+/]{20,}={0,2}"), MASK),
)
_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.\-]{1,20}://)([^\s\"'<>]+)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]+")

_TEXT_TYPES = frozenset(
    (
        "application/json",
        "application/problem+json",
        "application/cloudevents+json",
        "application/fhir+json",
        "application/xml",
        "text/html",
        "text/plain",
        "text/xml",
    )
)
_JSON_TYPES = frozenset(t for t in _TEXT_TYPES if t.endswith("json"))
_SHOWN_MEMBERS = ("code", "type", "title", "status")
_CODE_TEXT = """
    a about accepted access active allowed already an and api approved argument
    array auth authentication authorization bad batch blank blocked body bounds
    business cancelled cannot canonical class client closed code config conflict
    connection constraint content contract data dead deep denied deprecated disabled
    document done down duplicate duplicated early empty encoding entity envelope
    error event exceeded exception exist exists expired facility failed failure
    field find fingerprint flight forbidden format found gateway gone has header id
    idempotency identifier identity in inactive incomplete incorrect integrity
    interface internal invalid is items json key large later length limit limited
    limits lock locked long malformed mapping match matching media member message
    method mismatch missing must name namespace no not null number object of on or
    order out over ownership param parameter parked parse payload pending permission
    policy processing property query queue range rate read reference rejected replay
    request required resource retired rule schema scope security sequence server
    service short signature size skipped source stale state status structure
    suspended syntax system temporarily throttled throttling time timeout timestamp
    too transient type unauthorized unavailable unexpected unique unknown
    unprocessable unsupported update uri url utf8 validation value version violation
    was webhook wrong
"""
_CODE_WORDS = frozenset(_CODE_TEXT.split())
_WORD = re.compile(r"[a-z]+[0-9]?|[0-9]+|[A-Z][a-z]*")


def scrub(text: str) -> str:
    """Return the text without secrets.

    It masks webhook secrets and signatures, Authorization values, bearer and basic
    credentials, JSON Web Tokens, PEM blocks, values of members with names of secrets,
    and user information and query strings of URLs.
    """
    text = _URL.sub(_mask_url, text)
    for pattern, replacement in _SCRUBBERS:
        text = pattern.sub(replacement, text)
    return text


def excerpt(
    body: bytes,
    content_type: str | None,
    *,
    data_class: str | None,
    limit: int = DEFAULT_LIMIT,
) -> str:
    """Return the redacted excerpt of a response body, at most ``limit`` characters.

    For the data class ``none``, it is the beginning of the text without secrets. For
    all other classes, unknown ones included, it contains the content type if known, and
    the size. For a JSON object, it also names ``code``, ``type``, ``title`` and
    ``status``, with values only if they consist of known words.
    """
    media_type = (content_type or "").split(";")[0].strip().lower()
    known = media_type if media_type in _TEXT_TYPES else "other content type"
    head = f"{known}, {len(body)} bytes"
    if not body:
        return "empty body"[:limit]
    if data_class != DATA_CLASS_NONE:
        return "; ".join((head, *_problem_members(body, media_type)))[:limit]
    window = bytes(body[:_WINDOW])
    textual = (
        not media_type or media_type in _TEXT_TYPES or media_type.startswith("text/")
    )
    if (
        not textual or b"\0" in window
    ):  # zero bytes: UTF-16 or binary data, which the patterns do not match
        return head[:limit]
    text = window.decode("utf-8", "replace")
    if len(body) > _WINDOW:
        text = text[:-_TAIL]
    return _clean(text).strip()[:limit]


def _clean(text):
    """Return the text without secrets and control characters, except tab and line
    feed."""
    return _CONTROL.sub(" ", scrub(text))


def _mask_url(match):
    """Return a URL without user information, query string and fragment."""
    scheme, rest = match.groups()
    location = re.split("[?#]", rest, maxsplit=1)
    authority, slash, path = location[0].partition("/")
    _user, at, host = authority.rpartition("@")
    user = f"{MASK}@" if at else ""
    query = f"?{MASK}" if len(location) > 1 else ""
    return f"{scheme}{user}{host}{slash}{path}{query}"


def _problem_members(body, media_type):
    """Return ``name`` or ``name=code`` for each member that may be shown."""
    if media_type not in _JSON_TYPES:
        return []
    try:
        value = jsonlimits.parse(body, _WINDOW, any_integer=True)
    except EnvelopeError:
        return ["not readable as JSON"]
    if not isinstance(value, dict):
        return ["no JSON object"]
    return [_shown(name, value[name]) for name in _SHOWN_MEMBERS if name in value]


def _shown(name, value):
    """Return ``name=value`` for a status or a known code, else only the name."""
    if name == "status":
        valid = type(value) is int and 100 <= value <= 599
        return f"{name}={value}" if valid else name
    if not isinstance(value, str) or len(value) > 256:
        return name
    # Only the last step of a problem type's URI is a code. The others may contain an
    # identifier.
    code = re.split(r"[/:#]", value.rstrip("/"))[-1] if name == "type" else value
    words = re.split(r"[ ._\-]", code)
    if all(word.lower() in _CODE_WORDS for word in _split_camel(words)):
        return f"{name}={code}"
    return name


def _split_camel(words):
    """Split camel case words; return words with other characters unchanged."""
    for word in words:
        steps = _WORD.findall(word)
        yield from steps if "".join(steps) == word and steps else [word]
