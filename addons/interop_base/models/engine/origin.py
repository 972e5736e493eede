"""The system that caused the current change.

The state is not in the context, because every RPC caller can set the context. It belongs
to one cursor, ends with its block, and other threads cannot see it.
"""

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, NamedTuple


class Applying(NamedTuple):
    """The inbound message that is being applied."""

    cr: Any
    system_id: int
    message_id: int
    external_id: str
    company_id: int
    occurred_at: datetime | None
    stated: str = ""  # see tools.statement
    report: list | None = None  # results of its values, see add_to_report


_applying = ContextVar("interop_applying", default=None)


@contextmanager
def applying(message, system=None, report=None):
    """Mark changes in this block as effects of ``message``, sent by ``system``.

    :param list report: collects the results of its values; default: the report of the
        outer block
    """
    around = current(message.env)
    if report is None and around and around.message_id == message.id:
        report = around.report
    token = _applying.set(
        Applying(
            message.env.cr,
            (system or message.system_id).id,
            message.id,
            message.external_id,
            message.company_id.id,
            message.occurred_at,
            message._statement(),
            report,
        )
    )
    try:
        yield
    finally:
        _applying.reset(token)


def current(env):
    """Return the ``Applying`` of this transaction, or ``None``."""
    scope = _applying.get()
    return scope if scope is not None and scope.cr is env.cr else None


def add_to_report(message, entries):
    """Add the results of values of ``message`` to its report while it is applied.

    :returns: whether there is a report
    """
    scope = current(message.env)
    collects = scope is not None and scope.message_id == message.id
    if not collects or scope.report is None:
        return False
    scope.report.extend(entries)
    return True


def origin_system_id(env):
    """Return the id of the system that caused the current change, or ``None``."""
    scope = current(env)
    return scope.system_id if scope else None
