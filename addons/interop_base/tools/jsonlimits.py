"""Parse a JSON body within limits, strictly (RFC 8259 and I-JSON, RFC 7493).

It is stricter than :func:`json.loads` if two readers could see different documents. It
refuses duplicate member names, NaN, numbers beyond a double, lone surrogates and byte
order marks.
"""

import json
import math
import re

from .errors import EnvelopeError

DEFAULT_MAX_BYTES = 1024 * 1024
DEFAULT_MAX_DEPTH = 32
DEFAULT_MAX_ITEMS = 50_000
MAX_SAFE_INTEGER = 2**53 - 1
MAX_NUMBER_LENGTH = 64

SAFE_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
# A string, closed or cut off by the end, or one structural character. The possessive
# quantifiers make it linear.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89abABcdefCDEF]")


def parse(
    body: bytes,
    max_bytes: int = DEFAULT_MAX_BYTES,
    max_depth: int = DEFAULT_MAX_DEPTH,
    max_items: int = DEFAULT_MAX_ITEMS,
    any_integer: bool = False,
):
    """Return the JSON value of ``body``.

    Integers beyond ±(2**53 - 1) are refused: a reader that stores numbers as doubles
    would see another value (RFC 7493, 2.2). With ``any_integer`` they are accepted
    exactly, up to 64 digits, for senders that cannot change their bodies.

    :param max_depth: limit for nested arrays and objects
    :param max_items: limit for members and elements of the whole document, counted as
        commas plus opening brackets
    :raises EnvelopeError: with code ``too_large`` (bytes, or a number),
        ``invalid_utf8``, ``invalid_json``, ``duplicate_key``, ``too_deep``,
        ``too_many_items`` or
        ``not_finite``; an error about a number has its pointer; no text contains a
        value of the body
    """
    if len(body) > max_bytes:
        raise EnvelopeError(
            "too_large", "", f"The body has more than {max_bytes} bytes."
        )
    text = _decode(bytes(body))
    _check_structure(text, max_depth, max_items)
    value = _load(text, any_integer)
    if _SURROGATE_ESCAPE.search(text):
        _check_surrogates(value)
    return value


def _decode(body):
    """Return the text of strict UTF-8 without a byte order mark."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        position = error.start
    else:
        if not text.startswith("\ufeff"):
            return text
        position = 0
    # Raised outside "except": the decoding error contains the body.
    raise EnvelopeError(
        "invalid_utf8",
        "",
        f"The body is not UTF-8 without a byte order mark (byte {position}).",
    )


def _check_structure(text, max_depth, max_items):
    """Refuse too many items or levels before anything is built, without recursion."""
    opening = text.count("[") + text.count("{")
    if opening <= max_depth and opening + text.count(",") <= max_items:
        return  # even if all characters were structural
    depth = items = 0
    for match in _TOKEN.finditer(text):
        char = text[match.start()]
        if char in "[{":
            depth += 1
            items += 1
        elif char == ",":
            items += 1
        elif char in "]}":
            depth -= 1
        if depth > max_depth:
            raise EnvelopeError(
                "too_deep", "", f"The document has more than {max_depth} levels."
            )
        if items > max_items:
            raise EnvelopeError(
                "too_many_items", "", f"The document has more than {max_items} items."
            )


class _NumberRefused(Exception):
    """A number is refused; the caller adds the pointer of its member."""


class _Odd:
    """A placeholder for a refused number, while its member is searched."""

    def __init__(self, code, message):
        self.code = code
        self.message = message


def _load(text, any_integer):
    """Return the value of JSON text; raise ``EnvelopeError`` only."""
    where = odd = ""
    try:
        return (_DECODER_ANY if any_integer else _DECODER).decode(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
    except _NumberRefused:
        odd = _SEEKER_ANY if any_integer else _SEEKER
    except RecursionError:
        pass
    # Raised outside "except": a JSONDecodeError contains the whole document.
    if odd:
        raise _odd_number(text, odd)
    if where:
        raise EnvelopeError("invalid_json", "", f"The body is not JSON ({where}).")
    raise EnvelopeError("too_deep", "", "The body has too many levels.")


def _odd_number(text, decoder):
    """Return the error about the first refused number, with its pointer.

    The pointer ends before a name that does not look like a name: it may be content.
    """
    try:
        value = decoder.decode(text)
    except json.JSONDecodeError:
        value = None
    stack = [("", True, value)]
    while stack:
        pointer, named, item = stack.pop()
        if isinstance(item, _Odd):
            text = f"At {pointer}: {item.message}" if pointer else item.message
            return EnvelopeError(item.code, pointer, text[0].upper() + text[1:])
        steps = ()
        if isinstance(item, dict):
            steps = item.items()
        elif isinstance(item, list):
            steps = ((str(at), child) for at, child in enumerate(item))
        found = []
        for name, child in steps:
            told = named and bool(SAFE_NAME.fullmatch(name))
            found.append((f"{pointer}/{name}" if told else pointer, told, child))
        stack.extend(reversed(found))
    return EnvelopeError("invalid_json", "", "The body is not JSON.")


def _object(pairs):
    """Build an object; refuse a repeated name."""
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    seen = set()
    name = next(key for key, _value in pairs if key in seen or seen.add(key))
    named = f' "{name}"' if SAFE_NAME.fullmatch(name) else ""
    raise EnvelopeError(
        "duplicate_key", "", f"The member{named} occurs twice in one object."
    )


def _number(read):
    """Return a hook of the decoder that stops at a refused number."""

    def hook(text):
        value = read(text)
        if isinstance(value, _Odd):
            raise _NumberRefused
        return value

    return hook


def _integer(text):
    """Return an integer that all readers understand in the same way."""
    if len(text) <= 17:
        value = int(text)
        if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
            return value
    return _Odd(
        "too_large",
        "an integer is beyond 2**53 - 1. Readers that store numbers as doubles would "
        "change it. Send it as text.",
    )


def _any_integer(text):
    """Return an integer exactly."""
    return int(text) if len(text) <= MAX_NUMBER_LENGTH else _too_long()


def _float(text):
    """Return a finite double."""
    if len(text) > MAX_NUMBER_LENGTH:
        return _too_long()
    value = float(text)
    if math.isfinite(value):
        return value
    return _Odd("not_finite", "a number is too large for a double.")


def _too_long():
    return _Odd("too_large", f"a number has more than {MAX_NUMBER_LENGTH} characters.")


def _constant(_text):
    """Refuse NaN, Infinity and -Infinity, which are not JSON values."""
    return _Odd("not_finite", "NaN and Infinity are not JSON values.")


def _check_surrogates(value):
    """Refuse strings with a lone surrogate; only a \\u escape can produce one."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack.extend(item)
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, str) and any(
            "\ud800" <= char <= "\udfff" for char in item
        ):
            raise EnvelopeError(
                "invalid_utf8", "", "A string contains a lone surrogate."
            )


_DECODER, _DECODER_ANY = (
    json.JSONDecoder(
        object_pairs_hook=_object,
        parse_float=_number(_float),
        parse_int=_number(read_integer),
        parse_constant=_number(_constant),
    )
    for read_integer in (_integer, _any_integer)
)
# The same decoder for a document with a refused number, which becomes an ``_Odd``.
_SEEKER, _SEEKER_ANY = (
    json.JSONDecoder(
        parse_float=_float, parse_int=read_integer, parse_constant=_constant
    )
    for read_integer in (_integer, _any_integer)
)
