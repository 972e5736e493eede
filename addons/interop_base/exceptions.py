"""Exceptions of the suite, except those of the pure tools.

Each exception carries the values for the message log: a stable ``code``, an
``error_class`` from ``const.ERROR_CLASSES``, and a text without payload values.
``parks`` decides whether the message is parked for a decision or fails (``dead``).
"""

import logging

from .tools.errors import InteropError


class HandledError(InteropError):
    """A failure that the message log records."""

    code = "internal"
    error_class = "internal"
    parks = False
    # The open question, for the addon that manages decisions.
    question = None

    def __init__(
        self, message, code=None, error_class=None, pointer=None, question=None
    ):
        super().__init__(message)
        self.code = code or self.code
        self.error_class = error_class or self.error_class
        self.pointer = pointer
        self.question = question


class BusinessError(HandledError):
    """The content cannot be applied; the exception owner has to act."""

    code = "business_rule"
    error_class = "business_rule"


class SchemaViolation(BusinessError):
    """The content does not match its contract; ``violations`` lists all places."""

    code = "schema_violation"
    error_class = "schema"

    def __init__(self, violations):
        self.violations = list(violations)
        lines = [f"{v.pointer or '/'}: {v.message}" for v in self.violations]
        first = self.violations[0].pointer if self.violations else ""
        super().__init__("\n".join(lines), pointer=f"/data{first}")


class ContentRefused(BusinessError):
    """The database or a field cannot store a value; a retry would fail again."""

    code = "content_refused"
    error_class = "schema"


class UnknownIdentifier(BusinessError):
    """An identifier has no record, and the interface may not create one."""

    code = "unknown_identifier"
    error_class = "unknown_identifier"
    parks = True


class PossibleDuplicate(BusinessError):
    """The identifiers of one message belong to several records; a user has to
    decide."""

    code = "possible_duplicate"
    error_class = "conflict"
    parks = True


class OwnershipError(BusinessError):
    """The sender is not the system of record of a value that it wants to change.

    ``fields`` are the names of these fields. ``report`` contains the outcome of each
    field (see ``tools.field_report.entries``); it is empty if no rule about fields
    applies.
    """

    code = "not_owner"
    error_class = "ownership"

    def __init__(
        self, message, code=None, error_class=None, pointer=None, fields=(), report=()
    ):
        super().__init__(message, code, error_class, pointer)
        self.fields = list(fields)
        self.report = list(report)


class ConflictError(BusinessError):
    """The content contradicts existing data."""

    code = "conflict"
    error_class = "conflict"


class TechnicalError(HandledError):
    """A failure that is not about the content; a retry may succeed."""


class LostRace(TechnicalError):
    """A value exists already or a record is gone, perhaps because of another
    transaction.

    Only a new transaction can tell. If it fails in the same way, the content is wrong.
    """

    code = "lost_race"


class ConfigurationError(TechnicalError):
    """The configuration is incomplete; an administrator has to act."""

    code = "configuration"
    error_class = "config"


class GuardError(ConfigurationError):
    """This database may not exchange messages or decrypt secrets (a copy, no key file,
    …)."""

    code = "guard"


class Skipped(HandledError):
    """There is deliberately nothing to do; the message is skipped with this reason."""

    code = "skipped"


class Refused(InteropError):
    """A call or message is refused; the caller rolls the transaction back.

    ``code`` is stable, and each transport maps it to its own answer. ``detail`` and
    ``errors`` are for the sender and contain no value of the message. ``reason`` and
    ``client`` are for the server log only. ``facts`` are further data for the answer:
    ``retry_after`` (seconds), ``contract`` (``interop.contract``).
    """

    loglevel = logging.INFO  # Odoo logs one line with str(), without a traceback

    def __init__(self, code, *, reason="", detail="", errors=(), client="", **facts):
        self.code = code
        self.reason = reason
        self.detail = detail
        self.errors = list(errors)
        self.client = client
        self.facts = facts
        self.trace_id = ""
        super().__init__(code)

    def __str__(self):
        parts = [f"interop refused a request: {self.code}"]
        for name in ("reason", "client", "trace_id"):
            if getattr(self, name):
                parts.append(f"{name}={getattr(self, name)}")
        return " ".join(parts)
