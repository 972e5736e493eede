"""The seam for counting beside the request: a cursor that nobody waits for long on."""

from contextlib import contextmanager

from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo.sql_db import Cursor


@contextmanager
def cursor(env):
    """Open a cursor of its own and commit at the end.

    Counters are not undone with a refused request, and a row of theirs is locked for a
    moment only, not until the request ends. READ COMMITTED, so that who waited counts
    on from what is there now instead of failing. The commit does not wait for the disk:
    what a crash loses of a counter is a few hits.
    """
    with env.registry.cursor() as cr:
        if isinstance(cr, Cursor):  # a test's cursor is one with the test's own
            cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
            cr.execute("SET LOCAL synchronous_commit = off")
        yield cr
