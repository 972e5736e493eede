"""Bearer tokens (RFC 6750): random, stored as a hash, with a visible prefix.

A token is ``iop_``, 8 visible characters to tell tokens apart, ``_`` and 43 characters
with 256 random bits. A plain SHA-256 is sufficient: 256 random bits cannot be guessed, so
a slow hash would add no protection.
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
    """Return a new token; ``rand(n)`` returns n random bytes."""
    shown = base64.b32encode(rand(5)).decode().lower()
    hidden = base64.urlsafe_b64encode(rand(32)).decode().rstrip("=")
    return f"{LABEL}_{shown}_{hidden}"


def is_token(text) -> bool:
    """Return whether a text has the format of a token."""
    return bool(_TOKEN.fullmatch(text or ""))


def prefix(token: str) -> str:
    """Return the visible part of a token, such as ``iop_k3v7q2za``."""
    return token[:PREFIX_LENGTH]


def digest(token: str) -> str:
    """Return the hash of a token that is stored: 64 hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def bearer(authorization) -> str:
    """Return the token of an ``Authorization`` header, ``""`` if there is none."""
    match = _BEARER.fullmatch(authorization or "")
    return match.group(1) if match else ""


def matching(token: str, digests):
    """Return the position of the digest of ``token``, or None.

    Every digest is compared in constant time. Without digests one comparison is made, so
    that the time does not tell whether a client has tokens.
    """
    own = digest(token if is_token(token) else "")
    found = None
    for position, known in enumerate(digests or (_UNUSABLE,)):
        if hmac.compare_digest(own, known) and is_token(token) and found is None:
            found = position
    return found if digests else None
