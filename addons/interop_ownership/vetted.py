"""Which write the ownership rules were asked about already.

It is kept here and nowhere else: not in the context, which every RPC caller can fill in.
The state belongs to one cursor, ends with its block, and is invisible to other threads.
"""

from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple


class Vetted(NamedTuple):
    """A write, or without ids a creation, that the ownership rules were asked about."""

    cr: Any
    model: str
    ids: frozenset
    names: frozenset


_vetted = ContextVar("interop_vetted", default=None)


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
