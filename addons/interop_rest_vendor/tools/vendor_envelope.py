"""What a vendor's webhook says: its form, its events, and the places in them, which are
JSON Pointers (RFC 6901)."""

import json
import re
from urllib.parse import parse_qsl

MISSING = object()

_INDEX = re.compile(r"0|[1-9][0-9]{0,5}")


def is_pointer(text: str) -> bool:
    """Say whether a text is a JSON Pointer; the empty one is the whole document."""
    return not text or (
        text.startswith("/") and not re.search(r"~(?![01])", text) and len(text) < 256
    )


def read_form(body: bytes, max_items: int) -> dict:
    """Return the fields of a form (``application/x-www-form-urlencoded``) as texts.

    :raises ValueError: not a form in UTF-8, a field there twice, or too many fields
    """
    text = body.decode("ascii")
    pairs = parse_qsl(
        text,
        keep_blank_values=True,
        strict_parsing=bool(text),
        errors="strict",
        max_num_fields=max_items,
    )
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("A field occurs twice.")
    return fields


def find(document, pointer: str):
    """Return what a pointer leads to, :data:`MISSING` if it leads nowhere."""
    for step in pointer.split("/")[1:]:
        name = _name(step)
        if isinstance(document, dict) and name in document:
            document = document[name]
        elif isinstance(document, list) and _INDEX.fullmatch(name):
            if int(name) >= len(document):
                return MISSING
            document = document[int(name)]
        else:
            return MISSING
    return document


def _name(step):
    """Return a step of a pointer without its escapes."""
    return step.replace("~1", "/").replace("~0", "~")


def starts_in_a_list(pointers) -> bool:
    """Say whether one of several pointers begins with the index of an element."""
    return any(
        _INDEX.fullmatch(pointer.split("/")[1]) for pointer in pointers if pointer
    )


def passes_over(document, pointer: str) -> bool:
    """Say whether a pointer picks one element of a list that has several."""
    for step in pointer.split("/")[1:]:
        if isinstance(document, list) and len(document) > 1:
            return True
        document = find(document, f"/{step}")
    return False


def text_at(document, pointer: str) -> str:
    """Return a text or whole number at a pointer as text, ``""`` for anything else."""
    value = find(document, pointer)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)


def element_bytes(element) -> bytes:
    """Return the bytes that an event in a list is known by: the same for equal ones,
    whatever stands around them."""
    return json.dumps(
        element, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode("utf-8", "surrogatepass")
