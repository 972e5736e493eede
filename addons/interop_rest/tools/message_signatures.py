"""HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530), for any method.

Exactly one signature per request. It has to cover the method, the whole target and,
when there is a body, its digest, so that nothing of a request can be exchanged under
it. The algorithm belongs to the key and is never the caller's to choose. Whatever is
thrown at :func:`verify`, it raises :class:`SignatureRefused` and nothing else.
"""

import hmac
import re
import secrets
from typing import NamedTuple

import http_sf
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)

HEADER_INPUT = "signature-input"
HEADER_SIGNATURE = "signature"
HMAC_SHA256 = "hmac-sha256"
ED25519 = "ed25519"
ALGORITHMS = {HMAC_SHA256: algorithms.HMAC_SHA256, ED25519: algorithms.ED25519}

MAX_HEADER = 4096  # characters of Signature-Input
MAX_COMPONENTS = 32
PARAMETERS = frozenset({"alg", "created", "expires", "keyid", "nonce", "tag"})
DIGEST = "content-digest"
# Headers that change what a request does: covered whenever they are there.
GOVERNING = ("idempotency-key",)

_NONCE = re.compile(r"[!-~]{16,128}")
_DIGITS = 10, 11  # of a Unix time
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class SignatureRefused(Exception):
    """Why a signature is no proof; ``reason`` is for the log only."""

    def __init__(self, reason):
        self.reason = reason
        super().__init__(reason)


class Request(NamedTuple):
    """What is signed: ``url`` is absolute and as sent, ``headers`` are (name, value)
    pairs, ``body`` the raw bytes."""

    method: str
    url: str
    headers: list
    body: bytes


class Key(NamedTuple):
    """A key that verifies: ``material`` is an HMAC secret or an Ed25519 public key, raw.

    ``key_id`` is what callers name in ``keyid``.
    """

    key_id: str
    algorithm: str
    material: bytes


class Verified(NamedTuple):
    """What a verified request proves; times are Unix seconds."""

    key_id: str
    created: int
    expires: int | None
    nonce: str


_DECOY = Key("", HMAC_SHA256, secrets.token_bytes(32))


def verify(request: Request, keys, now: int, tolerance: int) -> Verified:
    """Return what the signature of a request proves.

    ``now`` is Unix seconds, ``tolerance`` seconds into the past and the future. Raises
    :class:`SignatureRefused`; without a key of the name given the work is the same.
    """
    try:
        return _verify(request, keys, now, tolerance)
    except SignatureRefused:
        raise
    except Exception:  # noqa: BLE001, S110 (hostile input is a refusal, never a fault)
        pass
    raise SignatureRefused("unexpected")


def authentic(request: Request, key: Key) -> dict:
    """Return the parameters of the one signature of a request if ``key`` made it.

    Neither times nor what is covered are judged here. Raises whatever the library does.
    """
    verifier = _Verifier(
        signature_algorithm=ALGORITHMS[key.algorithm], key_resolver=_Resolver(key)
    )
    (result,) = verifier.verify(
        _Message(request.method, request.url, _Headers(request.headers)),
        max_age=None,
        body=request.body,
    )
    return result.parameters


def _verify(request, keys, now, tolerance):
    """Verify without the last safety net of :func:`verify`."""
    if type(now) is not int or type(tolerance) is not int or tolerance < 0:
        raise SignatureRefused("not_configured")
    components, parameters = _signature_input(request.headers)
    _check_parameters(parameters)
    _check_components(components, request)
    _check_times(parameters, now, tolerance)
    key = _DECOY
    for candidate in keys:
        if hmac.compare_digest(candidate.key_id.encode(), parameters["keyid"].encode()):
            key = candidate
    if parameters.get("alg", key.algorithm) != key.algorithm:
        raise SignatureRefused("algorithm_not_of_the_key")
    hits = 0
    for url in _spellings(request):
        hits += _matches(request._replace(url=url), key)
    if not hits:
        raise SignatureRefused(
            "unknown_key" if key is _DECOY else "no_matching_signature"
        )
    return Verified(
        key.key_id,
        parameters["created"],
        parameters.get("expires"),
        parameters["nonce"],
    )


def _matches(request, key):
    """Return whether ``key`` made the signature of a request."""
    try:
        authentic(request, key)
    except Exception:  # noqa: BLE001 (the library raises several families)
        return False
    return True


def _spellings(request):
    """Return the spellings of a request's address that a signer may have used.

    The address as sent; and with scheme and host in lower case and without the default
    port, which is the same address (RFC 9421 2.2.3, RFC 9110 4.2.3).
    """
    scheme, mark, rest = request.url.partition("://")
    authority, slash, path = rest.partition("/")
    scheme, authority = scheme.lower(), authority.lower()
    authority = authority.removesuffix(_DEFAULT_PORTS.get(scheme, ""))
    return dict.fromkeys((request.url, f"{scheme}{mark}{authority}{slash}{path}"))


def _signature_input(headers):
    """Return the covered components and the parameters of the one signature."""
    text = ",".join(value for name, value in headers if name.lower() == HEADER_INPUT)
    if not text or len(text) > MAX_HEADER:
        raise SignatureRefused("malformed_header")
    try:
        members = http_sf.parse(
            text.encode("ascii"), tltype="dictionary", on_duplicate_key=_no_duplicate
        )
    except (ValueError, KeyError, TypeError, IndexError):
        raise SignatureRefused("malformed_header") from None
    if len(members) != 1:
        raise SignatureRefused("not_one_signature")
    ((components, parameters),) = members.values()
    if not isinstance(components, list) or len(components) > MAX_COMPONENTS:
        raise SignatureRefused("malformed_header")
    return components, parameters


def _no_duplicate(_name, _context):
    raise SignatureRefused("duplicate_parameter")


def _check_parameters(parameters):
    """Refuse unknown, missing and odd parameters."""
    if not parameters.keys() <= PARAMETERS:
        raise SignatureRefused("unknown_parameter")
    for name in ("keyid", "nonce", "created"):
        if name not in parameters:
            raise SignatureRefused(f"{name}_missing")
    for name in parameters.keys() & {"created", "expires"}:
        value = parameters[name]
        if type(value) is not int or len(str(value)) not in _DIGITS or value < 0:
            raise SignatureRefused("malformed_timestamp")
    for name in parameters.keys() & {"keyid", "nonce", "alg"}:
        if type(parameters[name]) is not str:
            raise SignatureRefused("malformed_header")
    if not _NONCE.fullmatch(parameters["nonce"]):
        raise SignatureRefused("malformed_nonce")


def _check_components(components, request):
    """Refuse a signature under which a part of the request could be exchanged."""
    # Only what is covered as it is counts, not a part of it or another form.
    whole = {value for value, parameters in components if not parameters}
    sent = {name.lower() for name, _value in request.headers}
    required = {"@method", *(name for name in GOVERNING if name in sent)}
    if request.body or DIGEST in sent:
        required.add(DIGEST)
    if not required <= whole:
        raise SignatureRefused("not_covered")
    if "@target-uri" not in whole and not {"@authority", "@path", "@query"} <= whole:
        raise SignatureRefused("target_not_covered")


def _check_times(parameters, now, tolerance):
    """Refuse what is too old, from the future, or past its own end."""
    if parameters["created"] < now - tolerance:
        raise SignatureRefused("timestamp_too_old")
    if parameters["created"] > now + tolerance:
        raise SignatureRefused("timestamp_too_new")
    if parameters.get("expires", now + 1) <= now:
        raise SignatureRefused("expired")


class _Message(NamedTuple):
    """A request as the library wants it."""

    method: str
    url: str
    headers: object


class _Headers:
    """(name, value) pairs as the library wants them."""

    def __init__(self, pairs):
        self._pairs = [(str(name), str(value)) for name, value in pairs]

    def items(self):
        """Return the pairs, in order."""
        return self._pairs


class _Resolver(HTTPSignatureKeyResolver):
    """Knows one key, which was found by its id before."""

    def __init__(self, key):
        self._key = key

    def resolve_public_key(self, key_id):
        """Return the key, whatever the library asks for."""
        if self._key.algorithm == ED25519:
            return Ed25519PublicKey.from_public_bytes(self._key.material)
        return self._key.material


class _Verifier(HTTPMessageVerifier):
    """Leaves the times to :func:`_check_times`: the library reads its own clock."""

    def validate_created_and_expires(self, sig_input, max_age=None):
        """Judge nothing."""
