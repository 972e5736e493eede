"""The JSON Schema formats that the suite checks, with the standard library only.

A validator ignores a format without a checker, and its checkers depend on the installed
packages. So the suite has its own checkers, and refuses a schema with any other format.
"""

import ipaddress
import re
from datetime import date
from functools import lru_cache
from urllib.parse import urlsplit

from jsonschema import FormatChecker

from . import ecma_regex, rfc3339
from .errors import PatternError, TimestampError

_DURATION = re.compile(
    r"P(?:[0-9]+W|(?=[0-9T])(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?"
    r"(?:T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+S)?)?)"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
_LOCAL_PART = re.compile(
    r"(?=.{1,64}\Z)[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*"
)
_URI_TEXT = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:.+", re.DOTALL)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
# An escape, a whole character class, or "$". Only "$" is rewritten.
_ESCAPE_CLASS_OR_END = re.compile(r"\\.|\[\^?\]?(?:[^\]\\]|\\.)*\]|\$", re.DOTALL)
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*")


def is_date_time(text: str) -> bool:
    """Return whether the text is an RFC 3339 date and time with an offset."""
    try:
        rfc3339.parse(text)
    except TimestampError:
        return False
    return True


def is_date(text: str) -> bool:
    """Return whether the text is an RFC 3339 full date."""
    try:
        return bool(_DATE.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


def is_time(text: str) -> bool:
    """Return whether the text is an RFC 3339 time of day with an offset."""
    return is_date_time(f"2000-01-01T{text}")


def is_duration(text: str) -> bool:
    """Return whether the text is a duration of RFC 3339 appendix A, such as P3DT4H."""
    return bool(_DURATION.fullmatch(text))


def is_hostname(text: str) -> bool:
    """Return whether the text is an RFC 1123 host name."""
    labels = text.split(".")
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in labels)


def is_email(text: str) -> bool:
    """Return whether the text is a mailbox without quotes and comments.

    The part before the @ may contain letters of any script.
    """
    local, at, domain = text.rpartition("@")
    return bool(at and _LOCAL_PART.fullmatch(local)) and is_hostname(domain)


def is_ipv4(text: str) -> bool:
    """Return whether the text is a dotted IPv4 address."""
    return _is_address(text, ipaddress.IPv4Address)


def is_ipv6(text: str) -> bool:
    """Return whether the text is an IPv6 address without a zone."""
    return "%" not in text and _is_address(text, ipaddress.IPv6Address)


def is_uri(text: str) -> bool:
    """Return whether the text is an RFC 3986 URI with a scheme."""
    return bool(_SCHEME.fullmatch(text)) and is_uri_reference(text)


def is_uri_reference(text: str) -> bool:
    """Return whether the text is an RFC 3986 URI or relative reference."""
    try:
        urlsplit(text)
    except ValueError:
        return False
    return bool(_URI_TEXT.fullmatch(text))


def is_uuid(text: str) -> bool:
    """Return whether the text is an RFC 9562 UUID in its usual form."""
    return bool(_UUID.fullmatch(text))


def is_json_pointer(text: str) -> bool:
    """Return whether the text is an RFC 6901 JSON Pointer."""
    return bool(_POINTER.fullmatch(text))


def is_regex(text: str) -> bool:
    """Return whether the text is a regular expression that :mod:`ecma_regex`
    accepts."""
    try:
        ecma_regex.translate(text)
    except PatternError:
        return False
    return True


@lru_cache(maxsize=1024)
def compile_pattern(text: str) -> re.Pattern:
    """Return a pattern with the meaning that ECMAScript, and so JSON Schema, gives it.

    A contract that was published before :mod:`ecma_regex` existed may have a pattern
    that is refused now. Such a pattern keeps its old meaning.

    :raises PatternError: the pattern is not valid
    """
    try:
        return re.compile(ecma_regex.translate(text).python)
    except PatternError as error:
        try:
            return re.compile(_ESCAPE_CLASS_OR_END.sub(_ecma_end, text), re.ASCII)
        except (re.error, ValueError, OverflowError, RecursionError):
            raise error from None


def _ecma_end(match):
    """Translate ``$`` into the end of the text; leave everything else unchanged."""
    return r"\Z" if match[0] == "$" else match[0]


def _is_address(text, address_type):
    """Return whether the text is an address of this type."""
    try:
        address_type(text)
    except ValueError:
        return False
    return True


# name -> (checker, description in words)
FORMATS = {
    "date-time": (
        is_date_time,
        "a date and time with an offset, such as 2026-01-31T08:30:00Z",
    ),
    "date": (is_date, "a date, such as 2026-01-31"),
    "time": (is_time, "a time of day with an offset, such as 08:30:00Z"),
    "duration": (is_duration, "a duration, such as PT30M"),
    "email": (is_email, "an e-mail address"),
    "hostname": (is_hostname, "a host name"),
    "ipv4": (is_ipv4, "an IPv4 address"),
    "ipv6": (is_ipv6, "an IPv6 address"),
    "uri": (is_uri, "a URI with a scheme"),
    "uri-reference": (is_uri_reference, "a URI or relative reference"),
    "uuid": (is_uuid, "a UUID"),
    "json-pointer": (is_json_pointer, "a JSON Pointer"),
    "regex": (is_regex, "a regular expression"),
}


def format_checker(names=tuple(FORMATS)) -> FormatChecker:
    """Return a checker with exactly these formats; it accepts values that are not
    text."""
    checker = FormatChecker(formats=())
    for name in names:
        checker.checks(name)(_text_only(FORMATS[name][0]))
    return checker


def _text_only(function):
    """Wrap a checker, so that it accepts each value that is not text."""
    return lambda value: not isinstance(value, str) or function(value)
