"""Bearer tokens (RFC 6750): random, with a part that may be shown, kept as a hash.

A token is ``iop_``, 8 characters by which people tell tokens apart, ``_`` and 43
characters with 256 random bits. A plain SHA-256 is enough for that many bits: there is
nothing to guess, so nothing that a slow hash would slow down.
"""

import base64
import hashlib
import hmac
import re
import secrets

LABEL = "iop"
PREFIX_LENGTH = len(LABEL) + 9

_TOKEN = re.compile(rf"{LABEL}_[a-z2-7]{{8}}_[A-Za-z0-9_-]{{43}}")
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/=-]{1,512})")
_UNUSABLE = hashlib.sha256(secrets.token_bytes(32)).hexdigest()


def generate(rand=secrets.token_bytes) -> str:
    """Return a new token; ``rand(n)`` gives n random bytes."""
    shown = base64.b32encode(rand(5)).decode().lower()
    hidden = base64.urlsafe_b64encode(rand(32)).decode().rstrip("=")
    return f"{LABEL}_{shown}_{hidden}"


def is_token(text) -> bool:
    """Say whether a text has the form of a token."""
    return bool(_TOKEN.fullmatch(text or ""))


def prefix(token: str) -> str:
    """Return the part of a token that may be shown, such as ``iop_k3v7q2za``."""
    return token[:PREFIX_LENGTH]


def digest(token: str) -> str:
    """Return what is kept of a token: 64 hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def bearer(authorization) -> str:
    """Return the token of an ``Authorization`` header, ``""`` when it has none."""
    match = _BEARER.fullmatch(authorization or "")
    return match.group(1) if match else ""


def matching(token: str, digests):
    """Return the position of the digest that is the token's, or None.

    Every digest is compared, in constant time; without any, the work is the same as
    with one.
    """
    own = digest(token if is_token(token) else "")
    found = None
    for position, known in enumerate(digests or (_UNUSABLE,)):
        if hmac.compare_digest(own, known) and is_token(token) and found is None:
            found = position
    return found if digests else None
