"""What the server itself knows about the write that is going on.

Which system a change comes from, and which write the engine has checked already, is
kept here and nowhere else: not in the context, which every RPC caller can fill in. The
state belongs to one cursor, ends with its block, and is invisible to other threads.
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


class Vetted(NamedTuple):
    """A write, or without ids a creation, that the ownership rules were asked about."""

    cr: Any
    model: str
    ids: frozenset
    names: frozenset


_applying = ContextVar("interop_applying", default=None)
_vetted = ContextVar("interop_vetted", default=None)


@contextmanager
def applying(message, system=None):
    """Everything in this block is an effect of ``message``, sent by ``system``."""
    token = _applying.set(
        Applying(
            message.env.cr,
            (system or message.system_id).id,
            message.id,
            message.external_id,
            message.company_id.id,
            message.occurred_at,
            message._statement(),
        )
    )
    try:
        yield
    finally:
        _applying.reset(token)


def current(env):
    """Return the ``Applying`` of this transaction, ``None`` outside of one."""
    scope = _applying.get()
    return scope if scope is not None and scope.cr is env.cr else None


def origin_system_id(env):
    """Return the id of the system that causes the present change, or ``None``."""
    scope = current(env)
    return scope.system_id if scope else None


@contextmanager
def vetted(records, names):
    """The rules allow writing ``names`` of ``records`` in this block; of no records:
    the rules allow creating one with ``names``."""
    token = _vetted.set(
        Vetted(records.env.cr, records._name, frozenset(records.ids), frozenset(names))
    )
    try:
        yield
    finally:
        _vetted.reset(token)


def is_vetted(records, names):
    """Return whether the rules were asked about writing ``names`` of ``records``, or,
    of no records, about creating one with them."""
    state = _vetted.get()
    return (
        state is not None
        and state.cr is records.env.cr
        and state.model == records._name
        and state.ids.issuperset(records.ids)
        and bool(state.ids) == bool(records.ids)
        and state.names.issuperset(names)
    )
