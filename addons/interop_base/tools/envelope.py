"""The message envelope of the suite: parse it, build it, convert it to a CloudEvent.

An envelope is one JSON object. Required members: ``id``, ``type``, ``schema_version``,
``source``, ``occurred_at`` and ``data``. Optional members may be missing or null:
``facility``, ``sent_at``, ``sequence``, ``epoch``, ``ordering_key``,
``correlation_id``,
``causation_id``, ``data_class``, ``test``, ``subject``. All other members are refused.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

from . import rfc3339
from .errors import EnvelopeError, TimestampError
from .jsonlimits import MAX_SAFE_INTEGER, SAFE_NAME

DATA_CLASSES = ("none", "personal", "patient_adjacent")
MAX_TEXT = 255
MAX_KEY = 128
MAX_SUBJECTS = 50
SUBJECT_MEMBERS = ("system", "value", "type", "use")
MEDIA_TYPE = "application/json"
MEDIA_TYPE_CLOUDEVENTS = "application/cloudevents+json"

_ID = re.compile(rf"[!-+\-/-~]{{1,{MAX_KEY}}}")  # like webhook-id: no "." and no ","
_TOKEN = re.compile(rf"[!-~]{{1,{MAX_KEY}}}")
_TYPE = re.compile(r"(?=.{3,100}\Z)[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")
_TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]*")
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _CROCKFORD for second in _CROCKFORD]
_SHIFTS = range(120, -1, -10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One message that was parsed and checked.

    Times are aware and in UTC. ``subject`` is a tuple of identifiers. Each is a dict
    with
    ``system`` and ``value``, and optionally ``type`` and ``use``, as in FHIR's
    Identifier.
    ``epoch`` grows when a stream starts again after a restore; its ``sequence`` starts
    again as well.
    """

    id: str
    type: str
    schema_version: int
    source: str
    occurred_at: datetime
    data: dict
    facility: str | None = None
    sent_at: datetime | None = None
    sequence: int | None = None
    epoch: int | None = None
    ordering_key: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    data_class: str | None = None
    test: bool = False
    subject: tuple = ()

    def to_dict(self) -> dict:
        """Return the JSON object; members without a value are left out."""
        wire = {}
        for name in MEMBERS:
            value = getattr(self, name)
            if isinstance(value, datetime):
                value = format_timestamp(value)
            elif name == "subject":
                value = [dict(item) for item in value]
            if value not in (None, []):
                wire[name] = value
        return wire


MEMBERS = tuple(item.name for item in fields(Envelope))
_TIMES = ("occurred_at", "sent_at")
_REPEATED = ("type", "source", "facility", "data_class")
REQUIRED = ("id", "type", "schema_version", "source", "occurred_at", "data")


def parse_envelope(value) -> Envelope:
    """Return the envelope of a parsed JSON value.

    :raises EnvelopeError: with code ``not_an_object``, ``missing_member``,
        ``unknown_member``, ``wrong_type``, ``invalid_format``, ``invalid_timestamp``,
        ``out_of_range`` or ``too_long``; the text names the member and the rule, and
        contains no value
    """
    if not isinstance(value, dict):
        raise EnvelopeError("not_an_object", "", "The message must be a JSON object.")
    _check_members(value, MEMBERS, REQUIRED, "")
    checked = {}
    for name, check in _CHECKS.items():
        if value.get(name) is not None:
            checked[name] = check(value[name], f"/{name}")
        elif name in REQUIRED:
            raise _missing_value(name)
    return Envelope(**checked)


def _missing_value(name):
    """Return the error for a required member that is null."""
    return EnvelopeError(
        "wrong_type", f"/{name}", f"The member {name} must not be null."
    )


def build(*, id, type, schema_version, source, occurred_at, data, **optional) -> dict:  # pylint: disable=redefined-builtin
    """Return the JSON object of a new message; raises as :func:`parse_envelope`.

    Times are datetimes (naive means UTC, as in Odoo) or RFC 3339 text. Optional members
    that are None, False or "" are left out, as empty fields of Odoo have these values.
    """
    wire = {
        "id": id,
        "type": type,
        "schema_version": schema_version,
        "source": source,
        "occurred_at": occurred_at,
        "data": data,
    }
    wire.update((k, v) for k, v in optional.items() if v is not False and v != "")
    if isinstance(wire.get("subject"), tuple):
        wire["subject"] = list(wire["subject"])
    _check_members(wire, MEMBERS, REQUIRED, "")
    built = {"test": False}
    for name, value in wire.items():
        if value is not None and (name != "subject" or value != []):
            built[name] = _wire_value(name, value)
        elif name in REQUIRED:
            raise _missing_value(name)
    return {name: built[name] for name in MEMBERS if name in built}


def _wire_value(name, value):
    """Return one checked member in its JSON form."""
    if name in _TIMES:
        if not isinstance(value, datetime):
            value = parse_timestamp(value, f"/{name}")
        return format_timestamp(value)
    if name in _REPEATED and type(value) is str:
        return _checked_text(name, value)
    checked = _CHECKS[name](value, f"/{name}")
    return [dict(item) for item in checked] if name == "subject" else checked


@lru_cache(maxsize=1024)
def _checked_text(name, value):
    """Return a text that many messages share; it is checked once."""
    return _CHECKS[name](value, f"/{name}")


def new_id(
    rand: Callable[[int], bytes] = os.urandom,
    *,
    now_ms: int | None = None,
    prefix: str = "msg_",
) -> str:
    """Return a new id: the prefix and 26 base32 digits of 128 bits.

    :param rand: function that returns n random bytes
    :param now_ms: Unix milliseconds for the first 48 bits, so that ids are sorted by
        time and stay close together in an index; ``None``: all bits are random
    """
    number = int.from_bytes(rand(16), "big")
    if now_ms is not None:
        number = (now_ms & (1 << 48) - 1) << 80 | number & (1 << 80) - 1
    return prefix + "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


def parse_timestamp(text: str, pointer: str = "") -> datetime:
    """Return the UTC datetime of an RFC 3339 timestamp, as :func:`rfc3339.parse`.

    :raises EnvelopeError: ``invalid_timestamp``
    """
    try:
        return rfc3339.parse(text)
    except TimestampError as error:
        refused = EnvelopeError(error.code, pointer, str(error))
    raise refused


def format_timestamp(moment: datetime) -> str:
    """Return RFC 3339 text in UTC with a final Z; a naive datetime means UTC."""
    if moment.tzinfo:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat() + "Z"


def cloudevents_structured(envelope: Envelope, source_uri: str) -> dict:
    """Return the CloudEvents 1.0 JSON form, with the whole envelope as its data.

    The content type is ``application/cloudevents+json``.

    :raises EnvelopeError: ``source_uri`` is not a URI reference
    """
    attributes = _cloudevents_attributes(envelope, source_uri)
    return {**attributes, "datacontenttype": MEDIA_TYPE, "data": envelope.to_dict()}


def cloudevents_binary_headers(envelope: Envelope, source_uri: str) -> dict[str, str]:
    """Return the ``ce-*`` headers of CloudEvents 1.0; the body is the envelope.

    Values are percent-encoded as the HTTP binding requires, so no value can end a
    header.
    """
    attributes = _cloudevents_attributes(envelope, source_uri)
    headers = {f"ce-{name}": _header_value(value) for name, value in attributes.items()}
    return {**headers, "content-type": MEDIA_TYPE}


def _cloudevents_attributes(envelope, source_uri):
    """Return the context attributes; they contain no personal data."""
    if not isinstance(source_uri, str) or not _TOKEN.fullmatch(source_uri):
        raise EnvelopeError(
            "invalid_format", "/source", "The CloudEvents source must be a URI."
        )
    attributes = {
        "specversion": "1.0",
        "id": envelope.id,
        "source": source_uri,
        "type": envelope.type,
        "time": format_timestamp(envelope.occurred_at),
        "schemaversion": str(envelope.schema_version),
        "facility": envelope.facility,
        "sequence": None if envelope.sequence is None else str(envelope.sequence),
        "epoch": None if envelope.epoch is None else str(envelope.epoch),
        "correlationid": envelope.correlation_id,
        "causationid": envelope.causation_id,
        "dataclassification": envelope.data_class,
        "testmessage": envelope.test or None,
    }
    if envelope.data_class == "none":
        # Access logs may contain headers: a key of personal data is in the body only.
        attributes["partitionkey"] = envelope.ordering_key
    return {name: value for name, value in attributes.items() if value is not None}


def _header_value(value):
    """Return a header value: visible ASCII without quotes and percent signs."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return quote(text, safe="!#$&'()*+,-./:;<=>?@[\\]^_`{|}~")


def _check_members(value, allowed, required, pointer):
    """Refuse unknown and missing members of an object."""
    for name in value:
        if name not in allowed:
            safe = isinstance(name, str) and SAFE_NAME.fullmatch(name)
            where, said = (f"{pointer}/{name}", f" {name}") if safe else (pointer, "")
            raise EnvelopeError(
                "unknown_member",
                where,
                f"The member{said} is not allowed here.",
            )
    for name in required:
        if name not in value:
            raise EnvelopeError(
                "missing_member", pointer, f"The member {name} is missing."
            )


def _typed(value, expected, word, pointer):
    """Refuse a value of another JSON type (a boolean is not an integer)."""
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        raise EnvelopeError("wrong_type", pointer, f"This member must be {word}.")
    return value


def _pattern(pattern, rule, limit):
    """Return a check for text of at most ``limit`` characters that matches a
    pattern."""

    def check(value, pointer):
        _typed(value, str, "text", pointer)
        if len(value) > limit:
            raise EnvelopeError(
                "too_long", pointer, f"At most {limit} characters are allowed."
            )
        if not pattern.fullmatch(value) or not value.strip():
            raise EnvelopeError("invalid_format", pointer, rule)
        return value

    return check


def _integer(lowest, highest):
    """Return a check for an integer within bounds."""

    def check(value, pointer):
        _typed(value, int, "an integer", pointer)
        if not lowest <= value <= highest:
            raise EnvelopeError(
                "out_of_range", pointer, f"The value must be {lowest} to {highest}."
            )
        return value

    return check


def _data_class(value, pointer):
    """Check the data class."""
    if value not in DATA_CLASSES:
        raise EnvelopeError(
            "invalid_format", pointer, f"Must be one of: {', '.join(DATA_CLASSES)}."
        )
    return value


def _subject(value, pointer):
    """Check the identifiers of the subject of a message."""
    _typed(value, list, "a list of identifiers", pointer)
    if len(value) > MAX_SUBJECTS:
        raise EnvelopeError(
            "too_long", pointer, f"At most {MAX_SUBJECTS} identifiers are allowed."
        )
    for position, item in enumerate(value):
        where = f"{pointer}/{position}"
        _typed(item, dict, "an identifier object", where)
        _check_members(item, SUBJECT_MEMBERS, SUBJECT_MEMBERS[:2], where)
        for name, part in item.items():
            _check_text(part, f"{where}/{name}")
    return tuple(dict(item) for item in value)


_check_text = _pattern(
    _TEXT, "Must be text without control characters, and not blank.", MAX_TEXT
)
_check_key = _pattern(
    _TEXT, "Must be text without control characters, and not blank.", MAX_KEY
)
_check_token = _pattern(_TOKEN, "Must be visible ASCII characters only.", MAX_KEY)
_check_position = _integer(0, MAX_SAFE_INTEGER)

_CHECKS = {
    "id": _pattern(
        _ID, 'Must be visible ASCII characters without "." and ",".', MAX_KEY
    ),
    "type": _pattern(
        _TYPE, "Must be lower-case words joined by dots, such as invoice.posted.", 100
    ),
    "schema_version": _integer(1, 9999),
    "source": _check_text,
    "occurred_at": parse_timestamp,
    "data": lambda value, pointer: _typed(value, dict, "an object", pointer),
    "facility": _check_key,
    "sent_at": parse_timestamp,
    "sequence": _check_position,
    "epoch": _check_position,
    "ordering_key": _check_key,
    "correlation_id": _check_token,
    "causation_id": _check_token,
    "data_class": _data_class,
    "test": lambda value, pointer: _typed(value, bool, "true or false", pointer),
    "subject": _subject,
}
