"""Answer the challenge with which a vendor verifies a webhook address.

A challenge is answered only after its signature was verified. Otherwise any caller could
get an HMAC of a text of its choice.
"""

import base64
import hmac
import re
from typing import NamedTuple

from .vendor_envelope import text_at
from .vendor_signatures import HASHES

ANSWERS = ("text", "json", "hmac")
MEDIA_TYPES = {"text": "text/plain; charset=utf-8"}

# The signed text of a webhook has a separator or is JSON. A token has neither, so its HMAC
# is not the signature of a webhook.
_TOKEN = re.compile(r"[A-Za-z0-9_+/=-]{1,255}")


class Challenge(NamedTuple):
    """The format of a challenge and of its answer.

    A challenge is a body with ``kind`` at ``kind_path`` and a text at ``token_path``.
    ``answer`` is ``text`` (the text), ``json`` (an object with the text as ``member``), or
    ``hmac`` (an object that also has the HMAC of the text as ``proof_member``).
    """

    kind_path: str
    kind: str
    token_path: str
    answer: str
    member: str = ""
    proof_member: str = ""


def token(challenge: Challenge, document) -> str | None:
    """Return the text of a challenge, None for any other body.

    :raises ValueError: the text is missing or has other characters than letters, digits,
        ``_``, ``+``, ``/``, ``=`` and ``-``
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
    """Return the answer to a challenge: a text, or an object for JSON.

    :param key: the secret that matched the signature of the challenge
    :param algorithm: algorithm of the scheme, such as ``hmac-sha256``
    :param encoding: encoding of the scheme, ``hex`` or ``base64``
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
