"""The write that the ownership rules have already allowed.

The state is kept only in this module, because RPC callers can forge the context. It
belongs to one cursor, ends with its block, and is not visible to other threads.
"""

from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple


class Vetted(NamedTuple):
    """A write that the ownership rules allowed; without ids, a creation."""

    cr: Any
    model: str
    ids: frozenset
    names: frozenset


_vetted = ContextVar("interop_vetted", default=None)


@contextmanager
def vetted(records, names):
    """Mark writing ``names`` of ``records`` as allowed within this block.

    Without records: creating one with ``names``.
    """
    token = _vetted.set(
        Vetted(records.env.cr, records._name, frozenset(records.ids), frozenset(names))
    )
    try:
        yield
    finally:
        _vetted.reset(token)


def is_vetted(records, names):
    """Return whether the rules already allowed writing ``names`` of ``records``.

    Without records: creating one with them.
    """
    state = _vetted.get()
    return (
        state is not None
        and state.cr is records.env.cr
        and state.model == records._name
        and state.ids.issuperset(records.ids)
        and bool(state.ids) == bool(records.ids)
        and state.names.issuperset(names)
    )
