"""HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530), for any method.

A request has exactly one signature. It must cover the method, the whole target, and the
digest of the body if there is one, so that no part of the request can be replaced. The
key determines the algorithm; the caller cannot choose it. For any input :func:`verify`
raises only :class:`SignatureRefused`.
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
# Headers that change the effect of a request: the signature must cover them if present.
GOVERNING = ("idempotency-key",)

_NONCE = re.compile(r"[!-~]{16,128}")
_DIGITS = 10, 11  # of a Unix time
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class SignatureRefused(Exception):
    """The signature is not valid; ``reason`` is for the log only."""

    def __init__(self, reason):
        self.reason = reason
        super().__init__(reason)


class Request(NamedTuple):
    """A signed request: ``url`` is absolute and as sent, ``body`` the raw bytes.

    ``headers`` are (name, value) pairs.
    """

    method: str
    url: str
    headers: list
    body: bytes


class Key(NamedTuple):
    """A key for verification: ``material`` is a raw HMAC secret or Ed25519 public key.

    Callers name the key by ``key_id`` in the parameter ``keyid``.
    """

    key_id: str
    algorithm: str
    material: bytes


class Verified(NamedTuple):
    """The parameters of a valid signature; times are Unix seconds."""

    key_id: str
    created: int
    expires: int | None
    nonce: str


_DECOY = Key("", HMAC_SHA256, secrets.token_bytes(32))


def verify(request: Request, keys, now: int, tolerance: int) -> Verified:
    """Verify the signature of a request.

    The amount of work is the same if no key has the given key id.

    :param keys: list of :class:`Key`
    :param now: Unix seconds
    :param tolerance: allowed clock difference in seconds, in both directions
    :raises SignatureRefused: the signature is not valid
    """
    try:
        return _verify(request, keys, now, tolerance)
    except SignatureRefused:
        raise
    except Exception:  # noqa: BLE001, S110 (hostile input is refused, not a server fault)
        pass
    raise SignatureRefused("unexpected")


def authentic(request: Request, key: Key) -> dict:
    """Return the parameters of the signature of a request if ``key`` made it.

    This function does not check times or covered components. It raises the exceptions of
    the library.
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
    """Verify a request; :func:`verify` catches unexpected exceptions."""
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
    """Return the equivalent URLs of a request that a signer may have used.

    They are the URL as sent, and the URL with scheme and host in lower case and without
    the default port (RFC 9421 2.2.3, RFC 9110 4.2.3).
    """
    scheme, mark, rest = request.url.partition("://")
    authority, slash, path = rest.partition("/")
    scheme, authority = scheme.lower(), authority.lower()
    authority = authority.removesuffix(_DEFAULT_PORTS.get(scheme, ""))
    return dict.fromkeys((request.url, f"{scheme}{mark}{authority}{slash}{path}"))


def _signature_input(headers):
    """Return the covered components and the parameters of the signature."""
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
    """Refuse unknown, missing and malformed parameters."""
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
    """Refuse a signature that does not cover the whole request."""
    # A component with parameters covers only a part or another form of the value.
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
    """Refuse a signature that is too old, from the future, or expired."""
    if parameters["created"] < now - tolerance:
        raise SignatureRefused("timestamp_too_old")
    if parameters["created"] > now + tolerance:
        raise SignatureRefused("timestamp_too_new")
    if parameters.get("expires", now + 1) <= now:
        raise SignatureRefused("expired")


class _Message(NamedTuple):
    """A request in the form that the library expects."""

    method: str
    url: str
    headers: object


class _Headers:
    """(name, value) pairs in the form that the library expects."""

    def __init__(self, pairs):
        self._pairs = [(str(name), str(value)) for name, value in pairs]

    def items(self):
        """Return the pairs, in order."""
        return self._pairs


class _Resolver(HTTPSignatureKeyResolver):
    """Resolves every key id to one key, which was selected before."""

    def __init__(self, key):
        self._key = key

    def resolve_public_key(self, key_id):
        """Return the key for any key id."""
        if self._key.algorithm == ED25519:
            return Ed25519PublicKey.from_public_bytes(self._key.material)
        return self._key.material


class _Verifier(HTTPMessageVerifier):
    """Skips the time check of the library, which reads the system clock.

    :func:`_check_times` checks the times instead.
    """

    def validate_created_and_expires(self, sig_input, max_age=None):
        """Accept any time."""
