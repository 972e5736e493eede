"""Take a batch apart without touching what is in it.

Every item is returned as the very bytes it was sent as: they are what is hashed and
kept, as with a message that is sent alone.
"""

import re

# A string, closed or cut off by the end, or one structural character. Possessive, so
# linear. All of it is ASCII, which never occurs within another character of UTF-8.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)
_BLANK = b" \t\r\n"


class BatchError(ValueError):
    """The body is no batch; ``code`` is ``invalid_batch`` or ``batch_too_long``."""

    def __init__(self, code):
        self.code = code
        super().__init__(code)


def split(body: bytes, lines: bool, max_messages: int) -> list[bytes]:
    """Return the messages of a batch, each as its own bytes without blanks around it.

    ``lines``: one message per line (NDJSON; empty lines do not count), else a JSON
    array. Only the array itself is checked: an item may still be anything. Raises
    :class:`BatchError` when there is no item, or more than ``max_messages``.
    """
    found = []
    for item in _lines(body) if lines else _elements(body):
        if len(found) == max_messages:
            raise BatchError("batch_too_long")
        found.append(item)
    if not found:
        raise BatchError("invalid_batch")
    return found


def _lines(body):
    """Yield the lines that hold something."""
    for line in body.split(b"\n"):
        if line.strip(_BLANK):
            yield line.strip(_BLANK)


def _elements(body):
    """Yield the elements of a JSON array."""
    text = body.strip(_BLANK)
    if not text.startswith(b"["):
        raise BatchError("invalid_batch")
    depth, start = 0, 1
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in (b"[", b"{"):
            depth += 1
        elif token in (b"]", b"}"):
            depth -= 1
            if not depth:
                yield _element(text, start, match)
                return
        elif token == b"," and depth == 1:
            yield _element(text, start, match)
            start = match.end()
    raise BatchError("invalid_batch")  # it does not end


def _element(text, start, match):
    """Return the element before a comma or the final bracket."""
    element = text[start : match.start()].strip(_BLANK)
    last = match.group() != b","
    if not element or (last and (match.group() == b"}" or match.end() != len(text))):
        raise BatchError("invalid_batch")
    return element
