"""The query of an identifier look-up, and its removal from log lines."""

import re
from typing import NamedTuple

from . import query as query_tools

DESCRIPTIONS = {
    "namespace": "The assigning authority: the URI of the namespace, or an alias.",
    "value": "The identifier.",
    "facility": "The code of the facility. Required if your client serves several.",
    "as_of": "A date or date-time in ISO 8601. The answer is the state at that time.",
}
# JSON Schema of the parameter values.
FORMATS = {"as_of": {"anyOf": [{"format": "date"}, {"format": "date-time"}]}}
MEMBERS = tuple(DESCRIPTIONS)
REQUIRED = ("namespace", "value")
MAX_QUERY_BYTES = 2048

_SHOWN = re.compile(r"(/interop/[^?\s]*)\?(?:.*(?= HTTP/[0-9])|.*)", re.DOTALL)


class Asked(NamedTuple):
    """A look-up: ``namespace`` is a URI or an alias, ``facility`` a code or ``""``.

    ``as_of`` is a date or date-time in ISO 8601, ``""`` for now.
    """

    namespace: str
    value: str
    facility: str
    as_of: str = ""


def parse(query: bytes) -> Asked | None:
    """Return the parsed query string, None if it is not valid.

    Each parameter must be known and occur once. Namespace and value are required.
    """
    found = query_tools.read(query, MEMBERS, MAX_QUERY_BYTES)
    if not found:
        return None
    asked = Asked(*(found.get(name, "") for name in MEMBERS))
    return asked if asked.namespace and asked.value else None


def signed_id(query: bytes) -> str:
    """Return the ``webhook-id`` that a signed look-up must have.

    It contains a hash of the query, because the signature itself does not cover the URL.
    """
    return query_tools.signed_id("lookup", query)


def without_query(text: str) -> str:
    """Return a log text without query strings of requests to this API."""
    return _SHOWN.sub(r"\1?…", text)
