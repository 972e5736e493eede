"""Strict parsing of query strings."""

import hashlib
from urllib.parse import parse_qsl


def read(query: bytes, members, max_bytes: int) -> dict | None:
    """Return the parameters of a query string as text, by name.

    :param members: allowed names
    :param max_bytes: maximum length of the query string
    :returns: None if a name is unknown or repeated, a value is not UTF-8 or contains NUL,
        or the query is too long; ``{}`` for an empty query
    """
    if not query:
        return {}
    found = pairs(query, len(members), max_bytes)
    return None if found is None else named(found, members)


def pairs(query: bytes, most: int, max_bytes: int) -> list | None:
    """Return the parameters of a query string in order, as pairs of name and text.

    :param most: maximum number of parameters
    :param max_bytes: maximum length of the query string
    :returns: None if the query is empty, too long or has too many parameters, or if a
        value is not UTF-8 or contains NUL
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
    """Return the pairs as a dict, None if a name is unknown or repeated."""
    values = dict(found)
    if len(values) != len(found) or not values.keys() <= set(members):
        return None
    return values


def signed_id(label: str, query: bytes) -> str:
    """Return the ``webhook-id`` that a signed request with this query must have.

    It contains a hash of the query, because the signature itself does not cover the URL.
    """
    return f"{label}_{hashlib.sha256(query).hexdigest()}"
