"""HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530) on deliveries.

One signature per request, over the method, the whole address, the digest of the body,
and the id and the time of the webhook. ``created`` is the time of the try, ``nonce`` is
new with each try.
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
# What is covered, in this order; the first two are derived from the request.
COVERED = (
    "@method",
    "@target-uri",
    "content-digest",
    "webhook-id",
    "webhook-timestamp",
)
HEADERS = ("signature", "signature-input", "content-digest")


class Signer(NamedTuple):
    """Who signs what is sent where.

    ``key_id`` is what receivers find in ``keyid``, ``algorithm`` one of this module's,
    ``material`` raw bytes (HMAC secret, or the 32-byte seed of an Ed25519 key), ``url``
    the address that deliveries go to, absolute and as it is requested.
    """

    key_id: str
    algorithm: str
    material: bytes
    url: str

    def __repr__(self):
        """Never show the key."""
        return f"Signer({self.key_id!r}, {self.algorithm!r}, {self.url!r})"


def headers(signer: Signer, msg_id: str, timestamp: int, body: bytes, nonce: str):
    """Return the headers of one try: ``webhook-id`` and ``webhook-timestamp``, the
    digest of ``body``, and the signature over all of it.

    ``timestamp`` is Unix seconds, ``nonce`` visible ASCII without quotation mark and
    backslash. Raises ValueError for a text that cannot stand in a header.
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
            raise ValueError("A key id or nonce is visible ASCII without quotes.")
    covered = " ".join(f'"{name}"' for name in COVERED)
    return (
        f'({covered});created={timestamp};keyid="{signer.key_id}"'
        f';alg="{signer.algorithm}";nonce="{nonce}"'
    )


def _sign(signer, base):
    if signer.algorithm == ED25519:
        return Ed25519PrivateKey.from_private_bytes(signer.material).sign(base)
    return hmac.digest(signer.material, base, "sha256")
