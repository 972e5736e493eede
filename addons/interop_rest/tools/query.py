"""Query strings, read strictly: what is not meant is refused, not guessed."""

import hashlib
from urllib.parse import parse_qsl


def read(query: bytes, members, max_bytes: int) -> dict | None:
    """Return the members of a query string as text, by name.

    None unless each is one of ``members``, given once, in UTF-8 and without NUL, and
    the whole is no longer than ``max_bytes``. The empty query has no members.
    """
    if not query:
        return {}
    if len(query) > max_bytes:
        return None
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=len(members),
        )
    except ValueError:
        return None
    found = dict(pairs)
    if len(found) != len(pairs) or not found.keys() <= set(members):
        return None
    return None if "\x00" in "".join(found.values()) else found


def signed_id(label: str, query: bytes) -> str:
    """Return the ``webhook-id`` under which a query is signed: it covers the query,
    which the signature itself does not."""
    return f"{label}_{hashlib.sha256(query).hexdigest()}"
