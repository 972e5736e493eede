"""Verify signatures of vendors; :class:`Scheme` has the differences between vendors.

For any input :func:`verify` raises only :class:`SignatureRefused`.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from . import vendor_keys
from .errors import SignatureRefused

HASHES = {"hmac-sha256": "sha256", "hmac-sha512": "sha512", "hmac-sha1": "sha1"}
ED25519 = "ed25519"
ALGORITHMS = (*HASHES, ED25519, *vendor_keys.ALGORITHMS)
ENCODINGS = ("hex", "base64")
KEY_ENCODINGS = ("text", "base64", "hex")
TIMESTAMPS = ("unix", "unix_ms", "rfc3339", "http")
LISTS = {"": None, "comma": ",", "space": " "}
PLACES = ("timestamp", "id", "method", "path", "url", "body")
BODIES = ("json", "form")

MIN_KEY_BYTES = 16
MAX_SIGNATURES = 8
MAX_VALUE = 2048  # characters of a header
MAX_ID = 128
KEY_PREFIX = "whsec_"  # prefix of base64 keys in Standard Webhooks

_PLACE = re.compile(r"\{([a-z]*)\}")
_ID = re.compile(rf"[!-+\-/-~]{{1,{MAX_ID}}}")  # same syntax as message ids
# Times in these formats have a fixed length, and the sender cannot choose their content.
# So a time next to {body} needs no separator.
_DIGITS = {
    "unix": re.compile(r"[1-9][0-9]{9}"),
    "unix_ms": re.compile(r"[1-9][0-9]{12}"),
}
_HTTP = re.compile(
    r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} "
    r"(?:GMT|UTC|[+-][0-9]{4})"
)
_UNUSABLE = secrets.token_bytes(32)


class Scheme(NamedTuple):
    """The signature scheme of one vendor.

    ``header`` has one signature, or several if ``listed`` is ``comma`` or ``space``. Items
    without ``prefix`` are ignored. ``template`` is the signed text with places in braces.
    ``timestamp_header`` may be the same header; the time is then the item with
    ``timestamp_prefix``. ``tolerance`` is in seconds.
    """

    algorithm: str
    header: str
    encoding: str = "hex"
    listed: str = ""
    prefix: str = ""
    template: str = "{body}"
    timestamp_header: str = ""
    timestamp_format: str = "unix"
    timestamp_prefix: str = ""
    tolerance: int = 300
    id_header: str = ""
    key_encoding: str = "text"

    @property
    def weak(self) -> bool:
        """Whether a webhook can be repeated at any time, forged, or is ambiguous."""
        return (
            "{timestamp}" not in self.template
            or self.algorithm == "hmac-sha1"
            or self.ambiguous
        )

    @property
    def ambiguous(self) -> bool:
        """Whether bytes can move from one part of the signed text to another."""
        return (
            any(
                place == "id" and not separator
                for place, separator, _side in _separators(self.template)
            )
            or _PLACE.findall(self.template).count("body") > 1
        )


class Sent(NamedTuple):
    """One request; ``path`` has the query, ``url`` is the whole address as sent.

    ``headers`` are (name, value) pairs.
    """

    method: str
    path: str
    headers: list
    body: bytes
    url: str = ""


class Verified(NamedTuple):
    """The facts that a valid signature covers.

    ``msg_id`` is ``""`` if it covers no id. ``timestamp`` is in Unix seconds with fraction,
    None if it covers no time.
    """

    msg_id: str
    timestamp: float | None


def problems(scheme: Scheme) -> list[str]:
    """Return the reasons why a scheme would accept no webhook: keys of ``checks``."""
    places = _PLACE.findall(scheme.template)
    plain = _PLACE.sub("", scheme.template)
    checks = {
        "no_body": "body" not in places,
        "unknown_place": not set(places) <= set(PLACES) or set(plain) & set("{}"),
        "no_timestamp_header": "timestamp" in places and not scheme.timestamp_header,
        "timestamp_not_signed": scheme.timestamp_header and "timestamp" not in places,
        "no_id_header": "id" in places and not scheme.id_header,
        "id_not_signed": scheme.id_header and "id" not in places,
        "no_list": _same_header(scheme) and not scheme.listed,
    }
    return [code for code, wrong in checks.items() if wrong]


def decode_key(text: str, encoding: str) -> bytes:
    """Return the bytes of a vendor's secret.

    :raises ValueError: the text has another encoding, or fewer than 16 bytes
    """
    if encoding == "hex":
        raw = bytes.fromhex(text)
    elif encoding == "base64":
        raw = base64.b64decode(text.removeprefix(KEY_PREFIX), validate=True)
    else:
        raw = text.encode()
    if len(raw) < MIN_KEY_BYTES:
        raise ValueError("The key has fewer than 16 bytes.")
    return raw


def verify(scheme: Scheme, sent: Sent, keys, now: int, read_time) -> Verified:
    """Verify the signature of a request.

    Every signature is compared with every key in constant time and without an early exit.
    Without keys the amount of work is the same.

    :param keys: HMAC secrets, raw Ed25519 keys, or results of ``vendor_keys.read``
    :param now: Unix seconds
    :param read_time: ``rfc3339.parse`` of ``interop_base``
    :raises SignatureRefused: the signature is not valid
    """
    try:
        return _verify(scheme, sent, keys, now, read_time)
    except SignatureRefused:
        raise
    except Exception:  # noqa: BLE001, S110 (hostile input is refused, not a server fault)
        pass
    raise SignatureRefused("unexpected")


def sign(scheme: Scheme, sent: Sent, key: bytes, timestamp: str, msg_id: str) -> str:
    """Return the signature header of a vendor with an HMAC ``key``, for samples."""
    signed = _signed(scheme, sent, timestamp, msg_id)
    raw = hmac.digest(key, signed, HASHES[scheme.algorithm])
    text = raw.hex() if scheme.encoding == "hex" else base64.b64encode(raw).decode()
    items = [scheme.prefix + text]
    if _same_header(scheme):
        items.insert(0, scheme.timestamp_prefix + timestamp)
    return (LISTS[scheme.listed] or "").join(items)


def _verify(scheme, sent, keys, now, read_time):
    """Verify a request; :func:`verify` catches unexpected exceptions."""
    if problems(scheme) or scheme.tolerance < 0:
        raise SignatureRefused("not_configured")
    items = _items(scheme, _header(sent, scheme.header))
    timestamp = _timestamp_text(scheme, sent, items)
    moment = _moment(scheme, timestamp, now, read_time) if timestamp else None
    msg_id = _header(sent, scheme.id_header) if scheme.id_header else ""
    if scheme.id_header and not _ID.fullmatch(msg_id):
        raise SignatureRefused("malformed_id")
    _check_separators(scheme, sent, msg_id)
    candidates = [
        _decoded(scheme, item.removeprefix(scheme.prefix))
        for item in items
        if item.startswith(scheme.prefix) and not _is_time(scheme, item)
    ]
    if not candidates:
        raise SignatureRefused("malformed_header")
    signed = _signed(scheme, sent, timestamp, msg_id)
    if not keys:
        hmac.digest(_UNUSABLE, signed, "sha256")
        raise SignatureRefused("no_key")
    hits = 0
    for key in keys:
        for candidate in candidates:
            hits += _matches(scheme, key, signed, candidate)
    if not hits:
        raise SignatureRefused("no_matching_signature")
    return Verified(msg_id, moment)


def _separators(template):
    """Return ``(place, separator, side)`` of the places whose content a sender can choose.

    Before the body (side 0) the separator follows its place, after it (-1) it precedes it.
    """
    parts = _PLACE.split(template)
    places = parts[1::2]
    if "body" not in places:
        return []
    middle = places.index("body")
    return [
        (place, parts[2 * number + 2], 0)
        if number < middle
        else (place, parts[2 * number], -1)
        for number, place in enumerate(places)
        if place in ("id", "path", "url")
    ]


def _check_separators(scheme, sent, msg_id):
    """Refuse a value that contains its separator.

    The same signed bytes could otherwise mean another id, query or body. In path and
    address the sender can choose only the query, because the route fixes the rest. Without
    a separator a query is refused.
    """
    for place, separator, side in _separators(scheme.template):
        if place == "id":
            if separator and separator[side] in msg_id:
                raise SignatureRefused("ambiguous_id")
            continue
        target = sent.path if place == "path" else sent.url
        _path, mark, query = target.partition("?")
        if (mark and not separator) or (separator and separator[side] in query):
            raise SignatureRefused("ambiguous_path")


def _matches(scheme, key, signed, candidate):
    """Return whether this key made a signature."""
    if scheme.algorithm in vendor_keys.ALGORITHMS:
        return vendor_keys.verifies(scheme.algorithm, key, candidate, signed)
    if scheme.algorithm != ED25519:
        expected = hmac.digest(key, signed, HASHES[scheme.algorithm])
        return hmac.compare_digest(expected, candidate)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(candidate, signed)
    except InvalidSignature:
        return False
    return True


def _signed(scheme, sent, timestamp, msg_id):
    """Return the signed bytes."""
    values = {
        "timestamp": timestamp.encode("ascii"),
        "id": msg_id.encode("ascii"),
        "method": sent.method.encode("ascii"),
        "path": sent.path.encode("latin-1"),
        "url": sent.url.encode("latin-1"),
        "body": sent.body,
    }
    parts = _PLACE.split(scheme.template)
    return b"".join(
        values[part] if position % 2 else part.encode()
        for position, part in enumerate(parts)
    )


def _header(sent, name):
    """Return the value of a header that occurs exactly once."""
    values = [value for key, value in sent.headers if key.lower() == name.lower()]
    if len(values) != 1 or len(values[0]) > MAX_VALUE:
        raise SignatureRefused("malformed_header")
    return values[0].strip(" \t")


def _items(scheme, value):
    """Return the items of the signature header."""
    separator = LISTS[scheme.listed]
    items = value.split(separator) if separator else [value]
    if len(items) > MAX_SIGNATURES:
        raise SignatureRefused("too_many_signatures")
    return [item.strip(" \t") for item in items]


def _same_header(scheme):
    return bool(
        scheme.timestamp_header
        and scheme.timestamp_header.lower() == scheme.header.lower()
    )


def _is_time(scheme, item):
    return _same_header(scheme) and item.startswith(scheme.timestamp_prefix)


def _timestamp_text(scheme, sent, items):
    """Return the text of the time in the request, ``""`` if there is no time."""
    if not scheme.timestamp_header:
        return ""
    if not _same_header(scheme):
        return _header(sent, scheme.timestamp_header)
    found = [item for item in items if _is_time(scheme, item)]
    if len(found) != 1:
        raise SignatureRefused("malformed_timestamp")
    return found[0].removeprefix(scheme.timestamp_prefix)


def _moment(scheme, text, now, read_time):
    """Return the time in Unix seconds if it is within the tolerance."""
    try:
        moment = _parsed(scheme.timestamp_format, text, read_time)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise SignatureRefused("malformed_timestamp")
    if moment < now - scheme.tolerance:
        raise SignatureRefused("timestamp_too_old")
    if moment > now + scheme.tolerance:
        raise SignatureRefused("timestamp_too_new")
    return moment


def _parsed(form, text, read_time):
    """Return the Unix seconds of a time; None, or ValueError, for another format."""
    if form in _DIGITS:
        if not _DIGITS[form].fullmatch(text):
            return None
        return int(text) if form == "unix" else int(text) / 1000
    if form == "rfc3339":
        return read_time(text).timestamp()
    if not _HTTP.fullmatch(text):
        return None
    # For "GMT" and "-0000" Python returns no offset. Both mean UTC.
    moment = parsedate_to_datetime(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _decoded(scheme, text):
    """Return the bytes of a signature; the encoding is checked strictly."""
    try:
        if scheme.encoding == "hex":
            if not re.fullmatch(r"(?:[0-9a-fA-F]{2}){16,1024}", text):
                raise ValueError
            return bytes.fromhex(text)
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SignatureRefused("malformed_header") from None
    if base64.b64encode(raw).decode() != text:
        raise SignatureRefused("malformed_header")
    return raw


def body_id(body: bytes) -> str:
    """Return a message id made of the body, for schemes that cover no id."""
    return f"body_{hashlib.sha256(body).hexdigest()}"


def encode_key(key: bytes, encoding: str) -> str:
    """Return the text of a key for :func:`decode_key`, for samples."""
    if encoding == "hex":
        return key.hex()
    return base64.b64encode(key).decode() if encoding == "base64" else key.decode()


def written(form: str, now: int) -> str:
    """Return Unix seconds in the time format of a scheme, for samples."""
    moment = datetime.fromtimestamp(now, UTC)
    forms = {
        "unix_ms": str(1000 * now),
        "rfc3339": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "http": format_datetime(moment, usegmt=True),
    }
    return forms.get(form, str(now))


def named_time(scheme: Scheme, sent: Sent, read_time) -> int | None:
    """Return the time of a request in Unix seconds, None if it has no time."""
    try:
        items = _items(scheme, _header(sent, scheme.header))
        text = _timestamp_text(scheme, sent, items)
        moment = _parsed(scheme.timestamp_format, text, read_time)
    except (SignatureRefused, ValueError, OverflowError):
        return None
    return None if moment is None else int(moment)
