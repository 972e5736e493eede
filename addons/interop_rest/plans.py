"""Connections that keep what PostgreSQL has planned.

Core cleans a connection with ``DISCARD ALL`` whenever a cursor takes it from the pool.
With what somebody may have left behind that throws away what PostgreSQL has planned for
itself, such as the checks of foreign keys: a message has some thirty of them, and to plan
them anew takes longer than to run them. Within ``kept()`` a connection is cleaned by
everything that ``DISCARD ALL`` stands for, except for the plans; PostgreSQL itself drops
those that a change of the schema makes wrong.

See https://www.postgresql.org/docs/current/sql-discard.html for what it stands for.
"""

from contextlib import contextmanager
from contextvars import ContextVar

from psycopg2 import extensions

from odoo.sql_db import PsycoConnection

# All of DISCARD ALL but DISCARD PLANS. One string: one way to the server and back.
_CLEAN = """
CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; DEALLOCATE ALL; UNLISTEN *;
SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES"""

_keeps = ContextVar("interop_keeps_plans", default=False)
_core = PsycoConnection.reset


@contextmanager
def kept():
    """Let connections that are taken from the pool in here keep their plans.

    For machines' requests, which do the same again and again; everybody else gets
    connections as core cleans them.
    """
    token = _keeps.set(True)
    try:
        yield
    finally:
        _keeps.reset(token)


def _reset(self):
    """Clean a connection before somebody else uses it, as psycopg2 does.

    :raises psycopg2.OperationalError: the connection is broken; the pool makes another
    """
    usual = self.encoding == "UTF8" and self.status == extensions.STATUS_READY
    if not (_keeps.get() and usual):
        return _core(self)
    # As psycopg2 leaves it; and before ``autocommit``, with which each would be a way to
    # the server.
    self.set_session("DEFAULT", "DEFAULT", "DEFAULT")
    self.autocommit = True
    cursor = extensions.connection.cursor(self)
    try:
        cursor.execute(_CLEAN)
    finally:
        cursor.close()
        if not self.closed:
            self.autocommit = False
    return None


# Connections are made by core's pool, before and without any database of ours: there is
# no other place to say it.
PsycoConnection.reset = _reset
