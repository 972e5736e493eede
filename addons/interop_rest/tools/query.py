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
    found = pairs(query, len(members), max_bytes)
    return None if found is None else named(found, members)


def pairs(query: bytes, most: int, max_bytes: int) -> list | None:
    """Return the members of a query string in order, each as name and text.

    None unless they are at most ``most``, in UTF-8 and without NUL, and the whole is
    neither empty nor longer than ``max_bytes``.
    """
    if not query or len(query) > max_bytes:
        return None
    try:
        found = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=most,
        )
    except ValueError:
        return None
    return None if any("\x00" in text for _name, text in found) else found


def named(found: list, members) -> dict | None:
    """Return pairs by name; None unless each is one of ``members``, given once."""
    values = dict(found)
    if len(values) != len(found) or not values.keys() <= set(members):
        return None
    return values


def signed_id(label: str, query: bytes) -> str:
    """Return the ``webhook-id`` under which a query is signed: it covers the query,
    which the signature itself does not."""
    return f"{label}_{hashlib.sha256(query).hexdigest()}"
