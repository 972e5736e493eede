"""Standard Webhooks 1.0: sign and verify, ``v1`` (HMAC-SHA256) and ``v1a`` (Ed25519).

The signature covers the bytes ``id.timestamp.body``. All functions work on the bytes of
the network: nothing decodes, parses or re-serializes a body. Verification fails closed.
A missing key, a malformed header and a malformed tolerance are refused. :func:`verify`
raises :class:`~.errors.SignatureError` for all input, and no other exception.
"""

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from .errors import SignatureError

HEADER_ID = "webhook-id"
HEADER_TIMESTAMP = "webhook-timestamp"
HEADER_SIGNATURE = "webhook-signature"
HEADERS = (HEADER_ID, HEADER_TIMESTAMP, HEADER_SIGNATURE)

V1 = "v1"
V1A = "v1a"
PREFIX_HMAC = "whsec_"
PREFIX_PRIVATE = "whsk_"
PREFIX_PUBLIC = "whpk_"

DEFAULT_TOLERANCE = 300  # seconds
MAX_ID_LENGTH = 128
MAX_SIGNATURES = 8  # signatures in one header
MAX_KEYS = 8  # valid keys of one sender at a time
MIN_HMAC_BYTES, MAX_HMAC_BYTES = 24, 64
SIGNATURE_BYTES = {V1: 32, V1A: 64}

# No ".", which separates the signed parts, and no ",": servers join repeated headers
# with it.
_ID = re.compile(rf"[!-+\-/-~]{{1,{MAX_ID_LENGTH}}}")
_TIMESTAMP = re.compile(r"[1-9][0-9]{9,10}")
_CANDIDATE = re.compile(r"(v[0-9][0-9a-z]{0,7}),([!-+\--~]{1,512})")
_UNUSABLE_KEY = secrets.token_bytes(32)

# Curve points of small order: without any private key, anyone can sign for them. The
# sign bit is masked before the comparison.
_SMALL_ORDER = frozenset(
    bytes.fromhex(text)
    for text in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that signs: ``scheme`` is ``v1`` or ``v1a``, ``material`` raw bytes.

    ``key_id`` is any value that the caller wants to find again. It is not sent.
    """

    scheme: str
    material: bytes = field(repr=False)
    key_id: object = None

    @classmethod
    def from_text(cls, text, key_id=None):
        """Return the key of a ``whsec_`` or ``whsk_`` text, else ``malformed_key``."""
        if isinstance(text, str) and text.startswith(PREFIX_PUBLIC):
            raise SignatureError("malformed_key", "A public key cannot sign.")
        return cls(_scheme_of(text), decode_secret(text), key_id)


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A key that verifies: HMAC secret (``v1``) or Ed25519 public key (``v1a``)."""

    scheme: str
    material: bytes = field(repr=False)
    key_id: object = None

    @classmethod
    def from_text(cls, text, key_id=None):
        """Return the key of ``whsec_``, ``whpk_`` or ``whsk_`` text (its public
        half)."""
        if isinstance(text, str) and text.startswith(PREFIX_PRIVATE):
            text = public_key_of(text)
        return cls(_scheme_of(text), decode_secret(text), key_id)


@dataclass(frozen=True, slots=True)
class Verified:
    """The facts that a signature proves: message id, Unix time and matching key."""

    msg_id: str
    timestamp: int
    key: VerifyingKey


def generate_hmac_secret() -> str:
    """Return a new ``whsec_`` secret of 32 random bytes."""
    return PREFIX_HMAC + _b64(secrets.token_bytes(32))


def generate_ed25519_keypair() -> tuple[str, str]:
    """Return a new ``(whsk_…, whpk_…)`` pair; the private text is the 32-byte seed."""
    private = PREFIX_PRIVATE + _b64(secrets.token_bytes(32))
    return private, public_key_of(private)


def public_key_of(private: str) -> str:
    """Return the ``whpk_`` text of a ``whsk_`` text, else ``malformed_key``."""
    if not isinstance(private, str) or not private.startswith(PREFIX_PRIVATE):
        raise SignatureError(
            "malformed_key", "An Ed25519 private key must start with whsk_."
        )
    return PREFIX_PUBLIC + _b64(_public_bytes(decode_secret(private)))


def decode_secret(text: str) -> bytes:
    """Return the raw key bytes of a ``whsec_``, ``whsk_`` or ``whpk_`` text.

    A text without a prefix is an HMAC secret, as the standard allows. Base64 must be
    strict: standard alphabet, full padding, no blanks. HMAC keys have 24 to 64 bytes,
    public keys 32. Private keys have 32 (the seed) or 64 (seed and public key, which
    must match); the seed is returned.

    :raises SignatureError: ``malformed_key``
    """
    if not isinstance(text, str):
        raise SignatureError("malformed_key", "The key must be text.")
    prefix = next(
        (p for p in (PREFIX_HMAC, PREFIX_PRIVATE, PREFIX_PUBLIC) if text.startswith(p)),
        "",
    )
    raw = _strict_b64(text[len(prefix) :])
    if raw is None:
        raise SignatureError("malformed_key", "The key is not strict base64.")
    if prefix == PREFIX_PRIVATE:
        return _checked_seed(raw)
    if prefix == PREFIX_PUBLIC:
        return _checked_public(raw)
    if not MIN_HMAC_BYTES <= len(raw) <= MAX_HMAC_BYTES:
        raise SignatureError(
            "malformed_key", "An HMAC secret must have 24 to 64 bytes."
        )
    return raw


def sign(msg_id: str, timestamp: int, body: bytes, keys: Sequence[SigningKey]) -> str:
    """Return the ``webhook-signature`` value: one signature per key, space separated.

    :param timestamp: Unix seconds
    :raises SignatureError: ``malformed_id``, ``malformed_timestamp``,
        ``malformed_body``, ``no_key``, ``too_many_keys``, ``malformed_key``
    """
    _check_id(msg_id)
    if type(timestamp) is not int or not _TIMESTAMP.fullmatch(str(timestamp)):
        raise SignatureError("malformed_timestamp")
    keys = _checked_keys(keys, SigningKey)
    signed = _signed_bytes(msg_id, str(timestamp), body)
    return " ".join(f"{key.scheme},{_b64(_sign_one(key, signed))}" for key in keys)


def headers(
    msg_id: str, timestamp: int, body: bytes, keys: Sequence[SigningKey]
) -> dict[str, str]:
    """Return the three ``webhook-*`` headers of a body; raises as :func:`sign`."""
    return {
        HEADER_ID: msg_id,
        HEADER_TIMESTAMP: str(timestamp),
        HEADER_SIGNATURE: sign(msg_id, timestamp, body, keys),
    }


def verify(
    headers: Mapping[str, str] | Sequence[tuple[str, str]],
    body: bytes,
    keys: Sequence[VerifyingKey],
    now: int,
    tolerance: int = DEFAULT_TOLERANCE,
) -> Verified:
    """Return the facts that the signature proves.

    It compares all usable signatures with all keys, in constant time and without an
    early exit. The result names the first matching key in the given order.

    :param headers: a mapping or a list of (name, value) pairs, names in any case
    :param now: Unix seconds
    :param tolerance: seconds, into the past and the future; 0 means the exact second
    :raises SignatureError: with reason ``duplicate_header``, ``malformed_header``,
        ``malformed_id``, ``malformed_timestamp``, ``too_many_signatures``,
        ``timestamp_too_old``, ``timestamp_too_new``, ``no_key``, ``too_many_keys``,
        ``malformed_key``, ``malformed_body``, ``not_configured``,
        ``no_matching_signature`` or ``unexpected``
    """
    try:
        return _verify(headers, body, keys, now, tolerance)
    except SignatureError:
        raise
    except Exception:  # noqa: BLE001, S110 pylint: disable=broad-except
        # The caller relies on it: hostile input leads to 401, never to 500.
        pass
    raise SignatureError("unexpected")


def _verify(headers, body, keys, now, tolerance):
    """Verify; unexpected exceptions are handled by :func:`verify`."""
    if type(now) is not int or type(tolerance) is not int or tolerance < 0:
        raise SignatureError("not_configured")
    values = _webhook_headers(headers)
    msg_id, timestamp_text = values[HEADER_ID], values[HEADER_TIMESTAMP]
    _check_id(msg_id)
    if not _TIMESTAMP.fullmatch(timestamp_text):
        raise SignatureError("malformed_timestamp")
    candidates = _candidates(values[HEADER_SIGNATURE])
    timestamp = int(timestamp_text)
    if timestamp < now - tolerance:
        raise SignatureError("timestamp_too_old")
    if timestamp > now + tolerance:
        raise SignatureError("timestamp_too_new")
    signed = _signed_bytes(msg_id, timestamp_text, body)
    if not keys:
        # An unknown sender takes the same time for hashing as a known one.
        hmac.digest(_UNUSABLE_KEY, signed, "sha256")
        raise SignatureError("no_key")
    matching = None
    for key in _checked_keys(keys, VerifyingKey):
        if _matches(key, signed, candidates) and matching is None:
            matching = key
    if matching is None:
        raise SignatureError("no_matching_signature")
    return Verified(msg_id, timestamp, matching)


def _webhook_headers(headers):
    """Return the three headers by lower-case name; each must be there exactly once."""
    pairs = headers.items() if hasattr(headers, "items") else headers
    found = {}
    for name, value in pairs:
        name = name.lower() if isinstance(name, str) else ""
        if name not in HEADERS:
            continue
        if name in found:
            raise SignatureError("duplicate_header")
        found[name] = value
    if len(found) != len(HEADERS) or not all(
        isinstance(v, str) for v in found.values()
    ):
        raise SignatureError("malformed_header")
    if "," in found[HEADER_ID] or "," in found[HEADER_TIMESTAMP]:
        raise SignatureError("duplicate_header")
    return found


def _candidates(value):
    """Return ``[(scheme, signature bytes)]``; unknown versions are ignored."""
    parts = value.split(" ", MAX_SIGNATURES)
    if len(parts) > MAX_SIGNATURES:
        raise SignatureError("too_many_signatures")
    candidates = []
    for part in parts:
        match = _CANDIDATE.fullmatch(part)
        if not match:
            raise SignatureError("malformed_header")
        scheme, text = match.groups()
        if scheme not in SIGNATURE_BYTES:
            continue
        raw = _strict_b64(text)
        if raw is None or len(raw) != SIGNATURE_BYTES[scheme]:
            raise SignatureError("malformed_header")
        candidates.append((scheme, raw))
    return candidates


def _matches(key, signed, candidates):
    """Return whether a candidate is the signature of this key; compare all of them."""
    hits = 0
    if key.scheme == V1:
        expected = hmac.digest(key.material, signed, "sha256")
        for scheme, raw in candidates:
            hits += hmac.compare_digest(expected, raw) and scheme == V1
        return bool(hits)
    public = Ed25519PublicKey.from_public_bytes(_checked_public(key.material))
    for scheme, raw in candidates:
        if scheme == V1A:
            try:
                public.verify(raw, signed)
                hits += 1
            except InvalidSignature:
                continue
    return bool(hits)


def _checked_keys(keys, key_type):
    """Return the keys as a list; refuse no keys, too many keys and malformed keys."""
    keys = list(keys or ())
    if not keys:
        raise SignatureError("no_key")
    if len(keys) > MAX_KEYS:
        raise SignatureError("too_many_keys")
    for key in keys:
        if not isinstance(key, key_type) or not isinstance(key.material, bytes):
            raise SignatureError("malformed_key")
        size = len(key.material)
        fits = {V1: MIN_HMAC_BYTES <= size <= MAX_HMAC_BYTES, V1A: size == 32}
        if not fits.get(key.scheme):
            raise SignatureError("malformed_key")
    return keys


def _sign_one(key, signed):
    """Return the raw signature of the signed bytes by one key."""
    if key.scheme == V1:
        return hmac.digest(key.material, signed, "sha256")
    return Ed25519PrivateKey.from_private_bytes(key.material).sign(signed)


def _signed_bytes(msg_id, timestamp_text, body):
    """Return ``id.timestamp.body``."""
    if not isinstance(body, bytes | bytearray | memoryview):
        raise SignatureError("malformed_body")
    return b".".join(
        (msg_id.encode("ascii"), timestamp_text.encode("ascii"), bytes(body))
    )


def _check_id(msg_id):
    """Refuse an id unless it is 1 to 128 visible ASCII characters without "." and
    ","."""
    if not isinstance(msg_id, str) or not _ID.fullmatch(msg_id):
        raise SignatureError("malformed_id")


def _scheme_of(text):
    """Return the scheme of a key by the prefix of its text."""
    asymmetric = isinstance(text, str) and text.startswith(
        (PREFIX_PRIVATE, PREFIX_PUBLIC)
    )
    return V1A if asymmetric else V1


def _checked_seed(raw):
    """Return the 32-byte seed of a private key of 32 or 64 bytes."""
    if len(raw) == 64 and hmac.compare_digest(_public_bytes(raw[:32]), raw[32:]):
        return raw[:32]
    if len(raw) != 32:
        raise SignatureError(
            "malformed_key", "An Ed25519 private key must have 32 or 64 bytes."
        )
    return raw


def _checked_public(raw):
    """Return a public key; refuse keys for which anyone can sign."""
    if len(raw) != 32:
        raise SignatureError(
            "malformed_key", "An Ed25519 public key must have 32 bytes."
        )
    if raw[:31] + bytes([raw[31] & 0x7F]) in _SMALL_ORDER:
        raise SignatureError("malformed_key", "This Ed25519 public key is not secure.")
    return raw


def _public_bytes(seed):
    """Return the raw public key of a raw seed."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _b64(raw):
    """Return standard base64 text."""
    return base64.b64encode(raw).decode("ascii")


def _strict_b64(text):
    """Return the bytes of canonical base64, or None."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # b64decode accepts non-zero trailing bits, which give two texts for one value. So
    # compare with the canonical text.
    return raw if _b64(raw) == text else None
