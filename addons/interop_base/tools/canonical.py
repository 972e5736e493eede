"""Canonical JSON bytes, RFC 8785 (JCS): equal values always have equal bytes.

In JCS, numbers are IEEE 754 doubles. An integer beyond ±(2**53 - 1) is refused, because
the receiver would round it. ``Decimal`` is refused as well, because its canonical form
needs a float. Amounts and quantities are sent as text ("12.30").
"""

import hashlib
import math
from json.encoder import JSONEncoder, encode_basestring

from .errors import CanonicalError

MAX_SAFE_INTEGER = 2**53 - 1
MAX_DEPTH = 128

# For values that the library encodes as JCS requires, see _is_common.
_encode = JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
).encode


def canonical_bytes(value) -> bytes:
    """Return the RFC 8785 bytes (UTF-8) of a JSON value.

    It accepts dict (with text keys), list, tuple, str, int, float, bool and None.

    :raises CanonicalError: another type, NaN, infinity, a lone surrogate, an integer
        beyond ±(2**53 - 1), or more than 128 levels
    """
    if _is_common(value, 0):
        text = _encode(value)
    else:
        parts = []
        _write(value, parts.append, 0)
        text = "".join(parts)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        pass
    raise CanonicalError("A text contains a lone surrogate and cannot be encoded.")


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _is_common(value, depth):
    """Return whether the encoder of the library, many times faster, writes the same
    bytes.

    It differs for floats and for the order of names beyond ASCII. Values that must be
    refused are also left to the slower code.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER
    depth += 1
    if depth > MAX_DEPTH:
        return False
    if kind is dict:
        return all(
            type(name) is str
            and name.isascii()
            and (type(item) is str or _is_common(item, depth))
            for name, item in value.items()
        )
    return kind in (list, tuple) and all(_is_common(item, depth) for item in value)


def _write(value, out, depth):
    """Append the canonical text of ``value`` to ``out``."""
    if isinstance(value, str):
        out(encode_basestring(value))
    elif value is None or value is True or value is False:
        out({None: "null", True: "true", False: "false"}[value])
    elif isinstance(value, int | float):
        out(_number(value))
    elif isinstance(value, dict):
        _write_object(value, out, depth + 1)
    elif isinstance(value, list | tuple):
        _write_array(value, out, depth + 1)
    else:
        raise CanonicalError(f"A {type(value).__name__} is not a JSON value.")


def _write_object(value, out, depth):
    """Append an object; members are sorted by the UTF-16 code units of their names."""
    _check_depth(depth)
    if not all(isinstance(key, str) for key in value):
        raise CanonicalError("The names of members must be text.")
    separator = "{"
    for key in sorted(value, key=_utf16):
        out(separator)
        out(encode_basestring(key))
        out(":")
        _write(value[key], out, depth)
        separator = ","
    out("}" if value else "{}")


def _write_array(value, out, depth):
    """Append an array."""
    _check_depth(depth)
    separator = "["
    for item in value:
        out(separator)
        _write(item, out, depth)
        separator = ","
    out("]" if value else "[]")


def _number(value):
    """Return a number in the form of ECMAScript's Number::toString."""
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise CanonicalError("Send integers beyond 2**53 - 1 as text.")
        return int.__repr__(value)
    if not math.isfinite(value):
        raise CanonicalError("NaN and infinity are not JSON values.")
    return _float(value)


def _float(value):
    """Return a finite double in the shortest form of ECMAScript that round-trips."""
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = float.__repr__(abs(float(value))).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    # The decimal point stands after `point` digits: 0.0015 has digits 15, point -2.
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        text = digits + "0" * (point - count)
    elif 0 < point <= 21:
        text = f"{digits[:point]}.{digits[point:]}"
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        power = f"e{point - 1:+d}"
        text = digits[0] + (f".{digits[1:]}" if count > 1 else "") + power
    return sign + text


def _utf16(key):
    """Return the sort key of a member name; lone surrogates are refused later."""
    return key.encode("utf-16-be", "surrogatepass")


def _check_depth(depth):
    """Refuse nesting that would exhaust the stack, such as a list that contains
    itself."""
    if depth > MAX_DEPTH:
        raise CanonicalError(f"The value has more than {MAX_DEPTH} levels.")
