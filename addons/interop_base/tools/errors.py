"""The exceptions of the pure code of ``interop_base``.

Their texts are safe to log and to show: they contain no secret, no key and no value of
a message. Each exception has a stable ``code``.
"""


class InteropError(Exception):
    """Base of all errors that the pure code of the suite raises."""

    code = "interop_error"


class SignatureError(InteropError):
    """A signature is not valid, or a message cannot be signed.

    ``reason`` is a stable code for the log only. The answer to the sender is always the
    same 401, so that it reveals nothing about the reason.
    """

    code = "unauthorized"

    def __init__(self, reason, message=None):
        super().__init__(message or f"Signature refused: {reason}.")
        self.reason = reason


class EnvelopeError(InteropError):
    """A body or an envelope violates a rule; the sender may see the error.

    ``code`` is stable. ``pointer`` is an RFC 6901 JSON Pointer ("" is the whole
    document).
    ``message`` is one sentence without any value of the document.
    """

    def __init__(self, code, pointer="", message=None):
        self.code = code
        self.pointer = pointer
        self.message = message or f"The document is not valid: {code}."
        super().__init__(f"{self.message} ({code} at {pointer or 'the document root'})")


class TimestampError(InteropError, ValueError):
    """A text is not an RFC 3339 date-time; the error does not contain the text."""

    code = "invalid_timestamp"

    def __init__(self):
        super().__init__(
            "Must be an RFC 3339 time with an offset, such as 2026-01-31T08:30:00Z."
        )


class CanonicalError(InteropError):
    """A value has no canonical JSON form (RFC 8785)."""

    code = "not_canonical"


class KeyFileError(InteropError):
    """The key file is not valid; ``line`` is the wrong line (1-based) or ``None``."""

    code = "key_file"

    def __init__(self, message, line=None):
        super().__init__(
            f"Key file, line {line}: {message}" if line else f"Key file: {message}"
        )
        self.line = line


class DecryptError(InteropError):
    """A stored value cannot be decrypted.

    ``reason`` is ``unknown_key`` (the key is not in the file), ``malformed`` (too
    short) or ``tampered`` (wrong key, other record, or changed bytes).
    """

    code = "decrypt"

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


class SchemaInvalid(InteropError):
    """A JSON Schema is not valid; ``path`` is the JSON Pointer of the wrong part."""

    code = "schema_invalid"

    def __init__(self, message, path=""):
        super().__init__(f"{message} (at {path or 'the schema root'})")
        self.message = message
        self.path = path


class PatternError(InteropError):
    """A regular expression cannot be used; the text does not contain the pattern."""

    code = "pattern"


class ScheduleError(InteropError):
    """A retry schedule is not valid; ``part`` (1-based) is the wrong part or
    ``None``."""

    code = "schedule"

    def __init__(self, message, part=None):
        super().__init__(f"Part {part} of the schedule: {message}" if part else message)
        self.part = part


class CursorError(InteropError):
    """A catch-up cursor is not valid; the error does not contain it."""

    code = "invalid_cursor"

    def __init__(self):
        super().__init__("The cursor is not valid. Start again without a cursor.")
