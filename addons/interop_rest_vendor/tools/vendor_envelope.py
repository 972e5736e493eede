"""Read the body of a vendor webhook. Places in it are JSON Pointers (RFC 6901)."""

import json
import re
from urllib.parse import parse_qsl

MISSING = object()

_INDEX = re.compile(r"0|[1-9][0-9]{0,5}")


def is_pointer(text: str) -> bool:
    """Return whether a text is a JSON Pointer; the empty text is the whole document."""
    return not text or (
        text.startswith("/") and not re.search(r"~(?![01])", text) and len(text) < 256
    )


def read_form(body: bytes, max_items: int) -> dict:
    """Return the fields of a form (``application/x-www-form-urlencoded``) as texts.

    :raises ValueError: the body is not a form in UTF-8, repeats a field, or has too many
        fields
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
    """Return the value at a pointer, :data:`MISSING` if there is no value."""
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
    """Return a step of a pointer without escapes."""
    return step.replace("~1", "/").replace("~0", "~")


def starts_in_a_list(pointers) -> bool:
    """Return whether one of the pointers starts with a list index."""
    return any(
        _INDEX.fullmatch(pointer.split("/")[1]) for pointer in pointers if pointer
    )


def passes_over(document, pointer: str) -> bool:
    """Return whether a pointer selects one element of a list with several elements."""
    for step in pointer.split("/")[1:]:
        if isinstance(document, list) and len(document) > 1:
            return True
        document = find(document, f"/{step}")
    return False


def text_at(document, pointer: str) -> str:
    """Return the text or integer at a pointer as text, ``""`` for other values."""
    value = find(document, pointer)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)


def element_bytes(element) -> bytes:
    """Return the bytes that identify an event in a list; equal events have equal bytes."""
    return json.dumps(
        element, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode("utf-8", "surrogatepass")
