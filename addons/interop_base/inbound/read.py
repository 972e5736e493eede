"""First step: read the authenticated bytes as JSON within limits, then as an
envelope."""

from typing import NamedTuple

from ..exceptions import Refused
from ..tools import envelope as envelope_tools
from ..tools import jsonlimits
from ..tools.errors import EnvelopeError

LARGEST_NUMBER = 2**31 - 1  # what the columns of sequence and epoch hold


class Limits(NamedTuple):
    """Limits of one document; transports have Settings for them."""

    max_bytes: int = 1024 * 1024
    max_depth: int = 32
    max_items: int = 50000


def parse(body, limits, any_integer=False):
    """Return the JSON value of the authenticated bytes.

    :param Limits limits: a larger document is refused
    :param bool any_integer: accept integers beyond 2**53 - 1 exactly, for senders that
        cannot change their bodies
    :raises Refused: ``invalid_json``, with the pointer
    """
    try:
        return jsonlimits.parse(body, any_integer=any_integer, **limits._asdict())
    except EnvelopeError as error:
        raise refused(error) from None


def envelope(body, limits, key=""):
    """Parse the envelope of the authenticated bytes within limits of size and depth.

    ``key`` is the id of an envelope without one.

    :param str key: used as the id of an envelope without one
    :raises Refused: ``invalid_json`` or ``invalid_envelope``, with the pointer
    """
    value = parse(body, limits)
    if key and isinstance(value, dict):
        value.setdefault("id", key)
    try:
        found = envelope_tools.parse_envelope(value)
    except EnvelopeError as error:
        raise refused(error, "invalid_envelope") from None
    for name in ("sequence", "epoch"):
        if (getattr(found, name) or 0) > LARGEST_NUMBER:
            detail = f"At most {LARGEST_NUMBER}."
            entry = {"pointer": f"/{name}", "detail": detail, "code": "invalid"}
            raise Refused("invalid_envelope", reason="invalid", errors=[entry])
    return found


def refused(error, code=""):
    """Return the refusal for an ``EnvelopeError``, with the pointer.

    :param str code: code of the refusal, ``invalid_json`` by default
    """
    entry = {"pointer": error.pointer, "detail": error.message, "code": error.code}
    return Refused(code or "invalid_json", reason=error.code, errors=[entry])
