"""The parties of a message: the parts of its data with identifiers.

A part that names a person has a member ``identifiers``. Names and the birth date of the
same part describe that person. This module reads nothing else of a message.
"""

from typing import NamedTuple

MAX_PARTIES = 50
MAX_DEPTH = 20
MAX_TEXT = 255


class Party(NamedTuple):
    """One part of a message: ``path`` as a JSON pointer below ``data``, ``numbers`` as
    ``(system, value)``; ``name`` and ``birth_date`` are "" if they are not stated."""

    path: str
    numbers: tuple
    name: str = ""
    birth_date: str = ""


def find(data) -> list:
    """Return the parties of the member ``data`` of a message, the outer ones first."""
    found, level = [], [("", data)]
    for _depth in range(MAX_DEPTH):
        found += [party for party in map(_party, level) if party]
        level = [item for path, value in level for item in _inner(path, value)]
    return found[:MAX_PARTIES]


def full_name(name) -> str:
    """Return a name as one text, from a text or from its parts."""
    if isinstance(name, str):
        return _text(name)
    if not isinstance(name, dict):
        return ""
    if _text(name.get("text")):
        return _text(name["text"])
    parts = [*_texts(name.get("prefix")), *_texts(name.get("given"))]
    text = " ".join(filter(None, [*parts, _text(name.get("family"))]))
    return ", ".join(filter(None, [text, *_texts(name.get("suffix"))]))


def alike(text: str) -> str:
    """Return the form for comparing two texts about one person: capitals and spaces are
    ignored."""
    return " ".join(text.casefold().split())


def _party(item):
    path, value = item
    wires = value.get("identifiers") if isinstance(value, dict) else None
    if not isinstance(wires, list):
        return None
    numbers = tuple(
        (_text(wire.get("system")), _text(wire["value"]))
        for wire in wires
        if isinstance(wire, dict) and _text(wire.get("value"))
    )
    name = full_name(value.get("name"))
    return Party(path, numbers, name, _text(value.get("birth_date")))


def _inner(path, value):
    if isinstance(value, dict):
        return [(f"{path}/{name}", inner) for name, inner in value.items()]
    if isinstance(value, list):
        return [(f"{path}/{at}", inner) for at, inner in enumerate(value)]
    return []


def _texts(value):
    return [_text(item) for item in value] if isinstance(value, list) else []


def _text(value):
    return value.strip()[:MAX_TEXT] if isinstance(value, str) else ""
