"""HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530) on deliveries.

A request has one signature. It covers the method, the whole address, the digest of the
body, and the id and time of the webhook. ``created`` is the time of the attempt, and each
attempt has a new ``nonce``.
"""

import base64
import hashlib
import hmac
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HMAC_SHA256 = "hmac-sha256"
ED25519 = "ed25519"
LABEL = "odoo"
METHOD = "POST"
# The covered components in this order. The first two are derived from the request.
COVERED = (
    "@method",
    "@target-uri",
    "content-digest",
    "webhook-id",
    "webhook-timestamp",
)
HEADERS = ("signature", "signature-input", "content-digest")


class Signer(NamedTuple):
    """The key and the address of signed requests.

    ``key_id`` is the value of ``keyid``. ``algorithm`` is a constant of this module.
    ``material`` are raw bytes: the HMAC secret, or the 32-byte seed of an Ed25519 key.
    ``url`` is the absolute address as requested.
    """

    key_id: str
    algorithm: str
    material: bytes
    url: str

    def __repr__(self):
        """Omit the key."""
        return f"Signer({self.key_id!r}, {self.algorithm!r}, {self.url!r})"


def headers(signer: Signer, msg_id: str, timestamp: int, body: bytes, nonce: str):
    """Return the headers of one attempt: id, timestamp, body digest and signature.

    :param timestamp: Unix seconds
    :param nonce: visible ASCII without quotation mark and backslash
    :raises ValueError: the key id or nonce cannot be used in a header
    """
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")
    sent = {
        "webhook-id": msg_id,
        "webhook-timestamp": str(timestamp),
        "content-digest": f"sha-256=:{digest}:",
    }
    parameters = _parameters(signer, timestamp, nonce)
    values = {"@method": METHOD, "@target-uri": signer.url, **sent}
    base = "\n".join(
        [
            *(f'"{name}": {values[name]}' for name in COVERED),
            f'"@signature-params": {parameters}',
        ]
    )
    signature = base64.b64encode(_sign(signer, base.encode("ascii"))).decode("ascii")
    return {
        **sent,
        "signature-input": f"{LABEL}={parameters}",
        "signature": f"{LABEL}=:{signature}:",
    }


def _parameters(signer, timestamp, nonce):
    """Return the value of ``@signature-params``."""
    for text in (signer.key_id, nonce):
        if not text.isascii() or not text.isprintable() or set('"\\') & set(text):
            raise ValueError(
                "The key id and nonce must be visible ASCII without quotation marks."
            )
    covered = " ".join(f'"{name}"' for name in COVERED)
    return (
        f'({covered});created={timestamp};keyid="{signer.key_id}"'
        f';alg="{signer.algorithm}";nonce="{nonce}"'
    )


def _sign(signer, base):
    if signer.algorithm == ED25519:
        return Ed25519PrivateKey.from_private_bytes(signer.material).sign(base)
    return hmac.digest(signer.material, base, "sha256")
