"""The challenge by which a vendor verifies that an address is the receiver's.

It is answered only after its signature was verified: an answer with an HMAC would
otherwise let anybody have a text signed.
"""

import base64
import hmac
import re
from typing import NamedTuple

from .vendor_envelope import text_at
from .vendor_signatures import HASHES

ANSWERS = ("text", "json", "hmac")
MEDIA_TYPES = {"text": "text/plain; charset=utf-8"}

# What a vendor signs for a webhook has a separator or is JSON: this is neither.
_TOKEN = re.compile(r"[A-Za-z0-9_+/=-]{1,255}")


class Challenge(NamedTuple):
    """How a vendor asks, and what it wants to hear.

    A challenge is a body with ``kind`` at ``kind_path`` and a text at ``token_path``.
    ``answer`` is that text (``text``), an object with it as ``member`` (``json``), or an
    object that has its HMAC as ``proof_member`` as well (``hmac``).
    """

    kind_path: str
    kind: str
    token_path: str
    answer: str
    member: str = ""
    proof_member: str = ""


def token(challenge: Challenge, document) -> str | None:
    """Return the text that a verified body asks to send back, None if it is no challenge.

    :raises ValueError: it is a challenge, but its text is missing or has other characters than
        letters, digits, ``_``, ``+``, ``/``, ``=`` and ``-``
    """
    if not challenge.answer or not challenge.kind:
        return None
    if text_at(document, challenge.kind_path) != challenge.kind:
        return None
    found = text_at(document, challenge.token_path)
    if not _TOKEN.fullmatch(found):
        raise ValueError("The text of the challenge is missing or malformed.")
    return found


def answer(challenge: Challenge, text: str, key: bytes, algorithm: str, encoding: str):
    """Return what to answer to a challenge: a text, or an object for JSON.

    :param key: the secret that proved the challenge
    :param algorithm: of the scheme, such as ``hmac-sha256``
    :param encoding: of the scheme, ``hex`` or ``base64``
    """
    if challenge.answer == "text":
        return text
    body = {challenge.member: text}
    if challenge.answer == "hmac":
        raw = hmac.digest(key, text.encode("ascii"), HASHES[algorithm])
        body[challenge.proof_member] = (
            raw.hex() if encoding == "hex" else base64.b64encode(raw).decode()
        )
    return body
