"""The query of an identifier look-up, and how it is kept out of logs."""

import re
from typing import NamedTuple

from . import query as query_tools

DESCRIPTIONS = {
    "namespace": "Who assigned the identifier: the URI of the namespace, or an alias.",
    "value": "The identifier.",
    "facility": "The code of the facility; required if you serve several.",
    "as_of": "A date or date-time in ISO 8601: what was so at that moment.",
}
# What the values of parameters look like, in JSON Schema.
FORMATS = {"as_of": {"anyOf": [{"format": "date"}, {"format": "date-time"}]}}
MEMBERS = tuple(DESCRIPTIONS)
REQUIRED = ("namespace", "value")
MAX_QUERY_BYTES = 2048

_SHOWN = re.compile(r"(/interop/[^?\s]*)\?(?:.*(?= HTTP/[0-9])|.*)", re.DOTALL)


class Asked(NamedTuple):
    """What is looked up: ``namespace`` is its URI or an alias, ``facility`` a code or
    ``""``, ``as_of`` a date or date-time in ISO 8601, ``""`` for now."""

    namespace: str
    value: str
    facility: str
    as_of: str = ""


def parse(query: bytes) -> Asked | None:
    """Return what a query string asks for, None unless every member is known and given
    once, and namespace and value are not empty."""
    found = query_tools.read(query, MEMBERS, MAX_QUERY_BYTES)
    if not found:
        return None
    asked = Asked(*(found.get(name, "") for name in MEMBERS))
    return asked if asked.namespace and asked.value else None


def signed_id(query: bytes) -> str:
    """Return the ``webhook-id`` under which a look-up is signed: it covers the query,
    which the signature itself does not."""
    return query_tools.signed_id("lookup", query)


def without_query(text: str) -> str:
    """Return a log text without the query of any request to this API."""
    return _SHOWN.sub(r"\1?…", text)
