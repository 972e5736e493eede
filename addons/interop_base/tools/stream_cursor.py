"""Cursors of catch-up: where a receiver stands in each stream, opaque to it.

A cursor is base64url (no padding) of compact JSON: ``{"v": 1, "p": {code: [epoch,
sequence]}}``. It carries no right: what may be read is decided anew for each call, so
that a forged cursor reaches nothing that an honest one does not.
"""

import base64
import binascii
import json
import re

from .errors import CursorError

VERSION = 1
MAX_LENGTH = 65536  # characters; a system with hundreds of interfaces stays far below
LARGEST = 2**31 - 1  # what the database can hold
_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")


def encode(positions):
    """Return the cursor of ``{interface code: (epoch, sequence)}`` as a str."""
    body = {"v": VERSION, "p": {code: list(at) for code, at in positions.items()}}
    text = json.dumps(body, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(text.encode("ascii")).rstrip(b"=").decode("ascii")


def decode(cursor):
    """Return ``{interface code: (epoch, sequence)}``; empty for ``None`` and ``""``.

    :raises CursorError: it is not one of ours; the text says nothing of its content
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
