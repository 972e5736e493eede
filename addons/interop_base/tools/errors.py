"""The one exception family of ``interop_base``.

The text of these exceptions is safe to log and to show: it never holds a secret, a key
or a value taken from a message. Each carries a stable machine code in ``code``.
"""


class InteropError(Exception):
    """Base of every error raised by the suite's pure code."""

    code = "interop_error"


class SignatureError(InteropError):
    """A message is not verified, or cannot be signed.

    ``reason`` is a stable code for the log only. A caller answers every reason with the
    same 401, so that nobody can use it as an oracle.
    """

    code = "unauthorized"

    def __init__(self, reason, message=None):
        super().__init__(message or f"Signature refused: {reason}.")
        self.reason = reason


class EnvelopeError(InteropError):
    """A body or an envelope breaks a rule that can be told to its sender.

    ``code`` is stable, ``pointer`` is an RFC 6901 JSON Pointer ("" is the whole
    document), ``message`` is one plain sentence without any value of the document.
    """

    def __init__(self, code, pointer="", message=None):
        self.code = code
        self.pointer = pointer
        self.message = message or f"The document is refused: {code}."
        super().__init__(f"{self.message} ({code} at {pointer or 'the document root'})")


class TimestampError(InteropError, ValueError):
    """A text is not an RFC 3339 date-time; nothing of it is repeated."""

    code = "invalid_timestamp"

    def __init__(self):
        super().__init__(
            "A time is RFC 3339 text with an offset, such as 2026-01-31T08:30:00Z."
        )


class CanonicalError(InteropError):
    """A value has no canonical JSON form (RFC 8785)."""

    code = "not_canonical"


class KeyFileError(InteropError):
    """The key file is not usable; ``line`` is the offending line (1-based) or None."""

    code = "key_file"

    def __init__(self, message, line=None):
        super().__init__(
            f"Key file, line {line}: {message}" if line else f"Key file: {message}"
        )
        self.line = line


class DecryptError(InteropError):
    """A stored value cannot be decrypted.

    ``reason`` is ``unknown_key`` (the key is not in the file), ``malformed`` (too short
    to be ours) or ``tampered`` (wrong key, other record, or changed bytes).
    """

    code = "decrypt"

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


class SchemaInvalid(InteropError):
    """A JSON Schema is not valid; ``path`` is the JSON Pointer of the part at fault."""

    code = "schema_invalid"

    def __init__(self, message, path=""):
        super().__init__(f"{message} (at {path or 'the schema root'})")
        self.message = message
        self.path = path


class PatternError(InteropError):
    """A regular expression cannot be used; the text says why, without the pattern."""

    code = "pattern"


class ScheduleError(InteropError):
    """A retry schedule cannot be read; ``part`` (from 1) is at fault, or None."""

    code = "schedule"

    def __init__(self, message, part=None):
        super().__init__(f"Part {part} of the schedule: {message}" if part else message)
        self.part = part


class CursorError(InteropError):
    """A catch-up cursor is not one of ours; nothing of it is repeated."""

    code = "invalid_cursor"

    def __init__(self):
        super().__init__("The cursor is not valid. Start again without one.")
