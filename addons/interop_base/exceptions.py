"""The exception family of the suite above the pure tools.

Every exception carries what the message log needs: a stable ``code``, an ``error_class``
from ``const.ERROR_CLASSES`` and text that is safe to store and show (no payload values).
``parks`` tells whether a person has to decide (``parked``) or the message failed (``dead``).
"""

import logging

from .tools.errors import InteropError


class HandledError(InteropError):
    """A failure with a place in the message log."""

    code = "internal"
    error_class = "internal"
    parks = False
    # What exactly a person has to decide, for the addon that keeps such cases.
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
    """The content cannot be applied; the exception owner decides what is right."""

    code = "business_rule"
    error_class = "business_rule"


class SchemaViolation(BusinessError):
    """The content does not match its contract; ``violations`` lists every place."""

    code = "schema_violation"
    error_class = "schema"

    def __init__(self, violations):
        self.violations = list(violations)
        lines = [f"{v.pointer or '/'}: {v.message}" for v in self.violations]
        first = self.violations[0].pointer if self.violations else ""
        super().__init__("\n".join(lines), pointer=f"/data{first}")


class ContentRefused(BusinessError):
    """The database, or a field, cannot keep a value; it never will."""

    code = "content_refused"
    error_class = "schema"


class UnknownIdentifier(BusinessError):
    """An identifier resolves to no record and the interface may not create one."""

    code = "unknown_identifier"
    error_class = "unknown_identifier"
    parks = True


class PossibleDuplicate(BusinessError):
    """Identifiers of one message point to several records: never guess."""

    code = "possible_duplicate"
    error_class = "conflict"
    parks = True


class OwnershipError(BusinessError):
    """The sender is not the system of record for what it wants to change.

    ``fields`` are their names; ``report`` is what became of every field of the record (see
    ``tools.field_report.entries``), empty where no rule about fields was involved.
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
    """The content contradicts what is already recorded."""

    code = "conflict"
    error_class = "conflict"


class TechnicalError(HandledError):
    """Something that has nothing to do with the content; trying again may help."""


class LostRace(TechnicalError):
    """A value is taken, or a record is gone, perhaps since this transaction began: only
    a new transaction sees which. The next try that fails like this is about content."""

    code = "lost_race"


class ConfigurationError(TechnicalError):
    """The set-up is incomplete; an administrator has to act."""

    code = "configuration"
    error_class = "config"


class GuardError(ConfigurationError):
    """This database may not exchange messages or read secrets (copy, no key file, …)."""

    code = "guard"


class Skipped(HandledError):
    """Nothing to do, on purpose; the message ends ``skipped`` with this reason."""

    code = "skipped"


class Refused(InteropError):
    """A call or message is not taken; whatever was done for it is rolled back.

    ``code`` is stable, and each transport maps it to its own answer. ``detail`` and
    ``errors`` are for the caller and hold no value of the message; ``reason`` and
    ``client`` are for the server log only. ``facts`` are what an answer may tell
    besides: ``retry_after`` (seconds), ``contract`` (``interop.contract``).
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
