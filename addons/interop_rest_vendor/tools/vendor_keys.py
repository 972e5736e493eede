"""Read public keys of vendors, and verify signatures with them."""

import base64
import binascii
import re
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

ECDSA = "ecdsa-p256-sha256"
RSA = "rsa-sha256"  # PKCS #1 v1.5
ALGORITHMS = (ECDSA, RSA)
MIN_RSA_BITS, MAX_RSA_BITS = 2048, 8192
MAX_TEXT = 8192  # characters

_FRAME = re.compile(r"-----(?:BEGIN|END) PUBLIC KEY-----|\s")
_RAW_BYTES = 64  # r and s concatenated, as in JOSE


def read(text: str, algorithm: str) -> bytes:
    """Return a public key in DER (SubjectPublicKeyInfo) from PEM or its base64.

    Line ends may be missing.

    :raises ValueError: the text is not a public key of ``algorithm``, the curve is not
        P-256, or an RSA key has fewer than 2,048 or more than 8,192 bits
    """
    if len(text) > MAX_TEXT:
        raise ValueError("The text is too long for a public key.")
    try:
        der = base64.b64decode(_FRAME.sub("", text), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("The public key is neither PEM nor base64.") from None
    _loaded(der, algorithm)
    return der


def verifies(algorithm: str, der: bytes, signature: bytes, signed: bytes) -> bool:
    """Return whether the owner of a public key signed ``signed``.

    ECDSA signatures are DER or 64 raw bytes.

    :raises ValueError: the key does not belong to ``algorithm``
    """
    key = _loaded(der, algorithm)
    try:
        if algorithm == RSA:
            key.verify(signature, signed, padding.PKCS1v15(), SHA256())
        else:
            key.verify(_der_signature(signature), signed, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _der_signature(signature):
    """Return an ECDSA signature in DER."""
    if len(signature) != _RAW_BYTES:
        return signature
    half = _RAW_BYTES // 2
    numbers = (int.from_bytes(signature[at : at + half], "big") for at in (0, half))
    return utils.encode_dss_signature(*numbers)


@lru_cache(64)
def _loaded(der, algorithm):
    """Return the key object."""
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if algorithm == RSA and isinstance(key, rsa.RSAPublicKey):
        if MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
            return key
    elif algorithm == ECDSA and isinstance(key, ec.EllipticCurvePublicKey):
        if isinstance(key.curve, ec.SECP256R1):
            return key
    raise ValueError("The key is not a public key of this algorithm.")
