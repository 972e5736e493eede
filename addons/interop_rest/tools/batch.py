"""Split a batch into its messages without changing their bytes.

The bytes of each message are hashed and stored as they were sent, as with a message that
is sent alone.
"""

import re

# A string (complete or truncated) or one structural character. The quantifiers are
# possessive, so the run time is linear. All of it is ASCII, which never occurs inside
# another UTF-8 character.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)
_BLANK = b" \t\r\n"


class BatchError(ValueError):
    """The body is not a batch; ``code`` is ``invalid_batch`` or ``batch_too_long``."""

    def __init__(self, code):
        self.code = code
        super().__init__(code)


def split(body: bytes, lines: bool, max_messages: int) -> list[bytes]:
    """Return the bytes of each message of a batch, without surrounding blanks.

    Only the array is checked. An item may still be any text.

    :param lines: one message per line (NDJSON, empty lines are skipped) instead of a JSON
        array
    :param max_messages: maximum number of items
    :raises BatchError: the batch is malformed, empty or too long
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
    """Yield the lines that are not blank."""
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
    raise BatchError("invalid_batch")  # the closing bracket is missing


def _element(text, start, match):
    """Return the element before a comma or the final bracket."""
    element = text[start : match.start()].strip(_BLANK)
    last = match.group() != b","
    if not element or (last and (match.group() == b"}" or match.end() != len(text))):
        raise BatchError("invalid_batch")
    return element
