"""Cursors of catch-up: the position of a receiver in each stream, opaque to it.

A cursor is base64url (no padding) of compact JSON: ``{"v": 1, "p": {code: [epoch,
sequence]}}``. It grants no permission. Each call checks again what the receiver may
read, so a forged cursor reveals nothing more than a valid one.
"""

import base64
import binascii
import json
import re

from .errors import CursorError

VERSION = 1
MAX_LENGTH = 65536  # characters; enough for hundreds of interfaces
LARGEST = 2**31 - 1  # largest number in the database
_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")


def encode(positions):
    """Return the cursor of ``{interface code: (epoch, sequence)}`` as text."""
    body = {"v": VERSION, "p": {code: list(at) for code, at in positions.items()}}
    text = json.dumps(body, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(text.encode("ascii")).rstrip(b"=").decode("ascii")


def decode(cursor):
    """Return ``{interface code: (epoch, sequence)}``, empty for ``None`` and ``""``.

    :raises CursorError: the cursor is not valid; the error does not contain it
    """
    if cursor is None or cursor == "":
        return {}
    try:
        if not isinstance(cursor, str) or len(cursor) > MAX_LENGTH:
            raise ValueError
        raw = cursor.encode("ascii")
        padded = raw + b"=" * (-len(raw) % 4)
        body = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(body, dict) or body.keys() != {"v", "p"}:
            raise ValueError
        if body["v"] != VERSION or not isinstance(body["p"], dict):
            raise ValueError
        return {_code(code): _position(at) for code, at in body["p"].items()}
    except (ValueError, binascii.Error, RecursionError):
        raise CursorError from None


def _code(code):
    if not _CODE.fullmatch(code):
        raise ValueError
    return code


def _position(at):
    if not isinstance(at, list) or len(at) != 2:
        raise ValueError
    if not all(type(n) is int and 0 <= n <= LARGEST for n in at):
        raise ValueError
    return tuple(at)
