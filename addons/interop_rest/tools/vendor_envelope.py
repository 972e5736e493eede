"""What a vendor's webhook says, found by JSON Pointers (RFC 6901)."""

import re
from datetime import UTC, datetime

MISSING = object()

_INDEX = re.compile(r"0|[1-9][0-9]{0,5}")


def is_pointer(text: str) -> bool:
    """Say whether a text is a JSON Pointer; the empty one is the whole document."""
    return not text or (
        text.startswith("/") and not re.search(r"~(?![01])", text) and len(text) < 256
    )


def find(document, pointer: str):
    """Return what a pointer leads to, :data:`MISSING` if it leads nowhere."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and name in document:
            document = document[name]
        elif isinstance(document, list) and _INDEX.fullmatch(name):
            if int(name) >= len(document):
                return MISSING
            document = document[int(name)]
        else:
            return MISSING
    return document


def text_at(document, pointer: str) -> str:
    """Return a text or whole number at a pointer as text, ``""`` for anything else."""
    value = find(document, pointer)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)


def moment_at(document, pointer: str) -> datetime | None:
    """Return a moment at a pointer, Unix seconds or text of RFC 3339, as naive UTC."""
    value = find(document, pointer) if pointer else MISSING
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value, UTC)
        elif isinstance(value, str):
            moment = datetime.fromisoformat(value)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    if moment.tzinfo is None:
        return None
    return moment.astimezone(UTC).replace(tzinfo=None)
