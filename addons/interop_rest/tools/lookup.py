"""The query of an identifier look-up, and how it is kept out of logs."""

import hashlib
import re
from typing import NamedTuple
from urllib.parse import parse_qsl

MEMBERS = ("namespace", "value", "facility")
MAX_QUERY_BYTES = 2048

_SHOWN = re.compile(r"(/interop/[^?\s]*)\?(?:.*(?= HTTP/[0-9])|.*)", re.DOTALL)


class Asked(NamedTuple):
    """What is looked up: ``namespace`` is its URI or an alias, ``facility`` a code or
    ``""``."""

    namespace: str
    value: str
    facility: str


def parse(query: bytes) -> Asked | None:
    """Return what a query string asks for, None unless every member is known and given
    once, and namespace and value are not empty."""
    if len(query) > MAX_QUERY_BYTES:
        return None
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=len(MEMBERS),
        )
    except ValueError:
        return None
    found = dict(pairs)
    if len(found) != len(pairs) or not found.keys() <= set(MEMBERS):
        return None
    if "\x00" in "".join(found.values()):
        return None
    asked = Asked(*(found.get(name, "") for name in MEMBERS))
    return asked if asked.namespace and asked.value else None


def signed_id(query: bytes) -> str:
    """Return the ``webhook-id`` under which a look-up is signed: it covers the query,
    which the signature itself does not."""
    return f"lookup_{hashlib.sha256(query).hexdigest()}"


def without_query(text: str) -> str:
    """Return a log text without the query of any request to this API."""
    return _SHOWN.sub(r"\1?…", text)
